cdef extern from *:
    """
    /* setattr() on a C class, which Python's own refuses. */
    static CYTHON_INLINE int set_on_type(PyObject *type, PyObject *name, PyObject *thing)
    {
        if (PyDict_SetItem(((PyTypeObject *)type)->tp_dict, name, thing) < 0)
            return -1;
        PyType_Modified((PyTypeObject *)type);
        return 0;
    }
    """
    int set_on_type(object type, object name, object thing) except -1


cdef class Operation:
    cdef readonly object forward, default, native
    cdef readonly tuple rules
    cdef readonly Py_ssize_t arity
    cdef readonly bint flat
    cdef readonly str name, latex, symbol, domain, about

    cpdef double evaluate(self, double a, double b=*) except? -1.0
    cpdef double partial(self, Py_ssize_t which, double a, double b, double y) except? -1.0
