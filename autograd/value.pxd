cimport cython
from libc.math cimport exp as c_exp, log as c_log, pow as c_pow, tanh as c_tanh

from autograd.modes cimport ACTIVE, Mode, current_mode
from autograd.ops cimport Operation, set_on_type
from autograd.reals cimport is_real, real


cdef extern from "nodes.h":
    Value _node "node_new"(
        Operation op, double y, Value left, Value right, double dl, double dr
    )
    int take_over(object values) except -1


cdef class _Notes:
    cdef str label, origin
    cdef list hooks


cdef class Value:  # nodes.h knows these fields, in this order
    cdef Operation _operation
    cdef Value _left, _right
    cdef _Notes _notes
    cdef double _dl, _dr, _data, _grad
    cdef Py_ssize_t _edges


cdef Operation LEAF, CONSTANT
cdef Operation _ADD, _SUB, _MUL, _DIV, _NEG, _POW, _RELU, _EXP, _LOG, _TANH, _SIGMOID
cdef double _INF, _EXPONENT

@cython.locals(mode=Mode, node=Value)
cdef Value _made(Operation op, double y, Value left, Value right, double dl, double dr)

@cython.locals(constant=Value)
cpdef Value _constant(object data)

@cython.locals(mode=Mode)
cdef Value _literal(object other)

@cython.locals(mode=Mode)
cdef object _recorded(Operation op, Value value, object other, bint reflected)
cdef Value _fold(Operation op, Value value, double number, bint reflected)
cdef bint _is_comparable(object other) except -1
cdef double _number(object other) except? -1.0
cdef object _set_label(Value value, object label)
cdef double _field(object number, str field, Value value) except? -1.0

@cython.locals(node=Value, parent=Value, root=Value)
cpdef list _parents_first(list[Value] roots)

@cython.locals(node=Value, parent=Value, following=Value, edges=Py_ssize_t, hooked=bint)
cdef bint _count_edges(Value root, list[Value] found) except -1

@cython.locals(
    node=Value, left=Value, right=Value, following=Value,
    gradient=double, total=double, edges=Py_ssize_t,
)
cdef object _propagate(Value root, list[Value] ready)

@cython.locals(node=Value)
cdef object _refused(Value root, Value leaf)

@cython.locals(node=Value)
cdef object _undo(Value root)

@cython.locals(node=Value, left=Value, right=Value, gradient=double)
cdef object _propagate_apart(Value root)

@cython.locals(node=Value, parent=Value)
cdef dict _edges_apart(Value root)
