cpdef bint is_real(object thing)
cpdef double real(object number, str what=*) except? -1.0
