from cpython.contextvars cimport get_value_no_default as _innermost


cdef class Mode:
    cdef Mode outer
    cdef object arguments, guards
    cdef bint active, unrecorded, traced, folded


cdef class Block:
    cdef int turns
    cdef object arguments
    cdef list entered


cdef set ACTIVE, ALTERING, FOLDING
cdef object _MODE

cpdef Mode current_mode()
cdef object _end(Mode mode)
