cimport cython
from autograd.modes cimport folding, recording, sharing
from autograd.ops cimport Operation
from autograd.tape cimport Tape
from autograd.trees cimport flatten, rebuild
from autograd.value cimport (
    CONSTANT, Value, _linearized, _slopes, as_value, has_other_leaves, literals_and_results,
)

cdef Operation _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _EXP


cdef class _Call:
    cdef object result, aux
    cdef list shapes, counts, inputs, outputs
    cdef bint single, derived, closed
