cimport cython
from autograd.value cimport Value
