cimport cython
from autograd.reals cimport real
from autograd.value cimport Value

cpdef list flatten(object tree, str name=*)
cpdef object rebuild(object tree, list leaves)
