from autograd.reals cimport real
from autograd.value cimport Value
