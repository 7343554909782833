cimport cython
from autograd.value cimport Value, _linearized

cdef class Tape:
    cdef readonly list nodes, lefts, rights, sources, ends, inputs
    cdef readonly bytearray depends
