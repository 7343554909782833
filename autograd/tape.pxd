from autograd.value cimport Value

cdef class Tape:
    cdef readonly list nodes, lefts, rights, sources, ends, inputs
    cdef readonly bytearray depends
