from autograd.modes cimport ACTIVE
from autograd.value cimport Value, plus, times
