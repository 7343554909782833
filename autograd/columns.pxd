cdef extern from "columns.h":
    Py_ssize_t address_of(int which)
