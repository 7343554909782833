from autograd.ops cimport Operation
from autograd.tape cimport Tape
from autograd.value cimport CONSTANT, Value

cdef Operation _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _EXP


cdef class _Call:
    cdef object result, aux
    cdef list shapes, counts, inputs, outputs
    cdef bint single, derived, closed
