from autograd.value cimport Value, plus, times
