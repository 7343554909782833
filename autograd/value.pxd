cimport cython
from libc.math cimport exp as c_exp, log as c_log, pow as c_pow, tanh as c_tanh

from autograd.modes cimport ACTIVE, ALTERING, FOLDING, Mode, current_mode
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
cdef Value _shared(
    dict known, Operation op, double y, Value left, Value right, double dl, double dr
)
cdef Value _known_literal(dict known, Value value)
cpdef dict literals_and_results(list[Value] nodes)

cpdef Value _constant(object data)

@cython.locals(constant=Value)
cpdef Value as_value(object number, object label=*)

@cython.locals(mode=Mode, number=double)
cdef Value _literal(object other)

@cython.locals(x1=double, x2=double, y=double, dl=double, dr=double)
cdef Value _by_the_table(Operation op, Value left, Value right)
cdef Value plus(Value a, Value b)
cdef Value times(Value a, Value b)
cdef Value _in_place(Operation op, Value x)

@cython.locals(mode=Mode, number=double, constant=Value)
cdef object _recorded(Operation op, Value value, object other, bint reflected)
cdef Value _fold(Operation op, Value value, double number, bint reflected)
cdef bint _is_comparable(object other) except -1
cdef double _number(object other) except? -1.0
cdef object _set_label(Value value, object label)
cdef double _field(object number, str field, Value value) except? -1.0

cpdef list _parents_first(list[Value] roots)
cpdef tuple _linearized(list[Value] roots, list[Value] first, list[Value] wanted)
cpdef bint has_other_leaves(Value root, list[Value] inputs) except -1
cpdef object _slopes(Value root, list[Value] inputs)

@cython.locals(
    node=Value, left=Value, right=Value, following=Value,
    gradient=double, total=double, edges=Py_ssize_t,
)
cdef object _propagate(Value root, list[Value] ready)

@cython.locals(node=Value, parent=Value)
cdef object _undo(Value root, list[Value] found)

@cython.locals(node=Value, parent=Value)
cdef dict _edges_apart(Value root)
