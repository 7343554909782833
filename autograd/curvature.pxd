cimport cython
from libc.math cimport pow as c_pow

from autograd.ops cimport Operation
from autograd.tape cimport Tape
from autograd.value cimport Value

cdef Operation _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _RELU, _EXP, _LOG, _TANH, _SIGMOID
cdef Operation _SIN, _COS, _SQUARE
