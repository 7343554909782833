cimport cython
from autograd.modes cimport ACTIVE
from autograd.value cimport Value, _constant, as_value, plus, times
