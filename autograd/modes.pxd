from cpython.contextvars cimport get_value_no_default as _innermost


cdef class Mode:
    cdef Mode outer
    cdef object arguments, guards
    cdef dict known
    cdef bint active, unrecorded, traced, folded


cdef class Block:
    cdef int turns
    cdef object arguments
    cdef list entered


cdef set ACTIVE, ALTERING, FOLDING
cdef object _MODE

cpdef Mode current_mode()
cpdef Block folding()
cpdef Block sharing(dict known)
cpdef Block recording(object arguments=*)
cdef object _end(Mode mode)
