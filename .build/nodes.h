/* How the nodes of a graph are made and freed in the compiled engine: what Cython cannot say.

   `take_over` hooks these functions into the type of Values through CPython's public slots
   (tp_alloc, tp_dealloc, tp_setattro). Everything here runs under the global interpreter lock.

   A training makes and frees the same hundred thousand nodes again and again. Python's allocator
   hands such memory back to the system each time, and the page faults of getting it anew cost more
   than the arithmetic. So nodes live in slabs, aligned to their size so that a node's address tells
   its slab. Empty slabs wait for the next graph, up to SLABS_KEPT of them; beyond, half go back to
   the system: whole blocks of slabs, as they were got, and from blocks that still hold nodes slab
   by slab, so that a few nodes which outlive a large graph hold on to little of it. A slab that has
   become empty is filled from its beginning again: nodes made one after another lie side by side. */

#ifndef CHALKGRAD_NODES_H
#define CHALKGRAD_NODES_H

#include <Python.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef Py_GIL_DISABLED
#error "nodes.h needs the global interpreter lock"
#endif

#ifdef _WIN32
#include <malloc.h>
#else
#include <sys/mman.h>
#ifndef MAP_ANONYMOUS
#define MAP_ANONYMOUS MAP_ANON
#endif
#endif

/* The fields of Value as value.pxd declares them, in that order. */
typedef struct {
    PyObject_HEAD
    PyObject *operation, *left, *right, *notes;
    double dl, dr;
    double data, grad;
    Py_ssize_t edges;
} Node;

#define SLAB_BYTES ((size_t)16 * 1024)
#define BLOCK_SLABS 128 /* 2 MB, a large page of most systems */
#define BLOCK_BYTES (BLOCK_SLABS * SLAB_BYTES)
#define SLABS_KEPT 1024 /* 16 MB */
#define NESTED_AT_MOST 50

typedef struct Slab {
    struct Slab *next, *previous; /* in the list it is in, if any */
    Node *freed;                  /* linked through the field `left` */
    int used;
    int touched;                  /* nodes beyond have not been handed out since it was empty */
    int empty_in_block;           /* in the first slab of a block: how many of its slabs are */
    Node nodes[];
} Slab;

#define SLAB_NODES ((int)((SLAB_BYTES - offsetof(Slab, nodes)) / sizeof(Node)))

static Slab *slabs_with_room = NULL; /* and with nodes */
static Slab *slabs_empty = NULL;
static int slabs_empty_count = 0;

static void slab_enter(Slab **list, Slab *slab)
{
    slab->previous = NULL;
    slab->next = *list;
    if (*list != NULL)
        (*list)->previous = slab;
    *list = slab;
}

static void slab_leave(Slab **list, Slab *slab)
{
    if (slab->next != NULL)
        slab->next->previous = slab->previous;
    if (slab->previous != NULL)
        slab->previous->next = slab->next;
    else
        *list = slab->next;
}

static inline Slab *block_of(Slab *slab)
{
    return (Slab *)((uintptr_t)slab & ~(uintptr_t)(BLOCK_BYTES - 1));
}

#ifdef _WIN32

static void *block_get(void) { return _aligned_malloc(BLOCK_BYTES, BLOCK_BYTES); }
static void block_give_back(void *block) { _aligned_free(block); }
static int slab_give_back(Slab *Py_UNUSED(slab)) { return -1; } /* by blocks only */

#else

static void *block_get(void)
{
    char *place = mmap(
        NULL, 2 * BLOCK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        return NULL;
    size_t before = (BLOCK_BYTES - ((uintptr_t)place & (BLOCK_BYTES - 1))) & (BLOCK_BYTES - 1);
    if (before != 0)
        munmap(place, before);
    munmap(place + before + BLOCK_BYTES, BLOCK_BYTES - before);
    /* One large page, and at once, where the system can, instead of a fault for each small one. */
#ifdef MADV_HUGEPAGE
    madvise(place + before, BLOCK_BYTES, MADV_HUGEPAGE);
#endif
#ifdef MADV_POPULATE_WRITE
    madvise(place + before, BLOCK_BYTES, MADV_POPULATE_WRITE);
#endif
    return place + before;
}

static void block_give_back(void *block) { munmap(block, BLOCK_BYTES); }
static int slab_give_back(Slab *slab) { return munmap(slab, SLAB_BYTES); }

#endif

static void slab_is_empty(Slab *slab)
{
    slab->freed = NULL;
    slab->used = slab->touched = 0;
    slab_enter(&slabs_empty, slab);
    slabs_empty_count++;
    block_of(slab)->empty_in_block++;
}

static void slab_is_no_longer_empty(Slab *slab)
{
    slab_leave(&slabs_empty, slab);
    slabs_empty_count--;
    block_of(slab)->empty_in_block--;
}

static int slabs_get(void)
{
    char *block = block_get();
    if (block == NULL)
        return -1;
    ((Slab *)block)->empty_in_block = 0;
    for (int at = BLOCK_SLABS; at-- > 0;) {
        Slab *slab = (Slab *)(block + at * SLAB_BYTES);
        slab_is_empty(slab);
        PyTraceMalloc_Track(0, (uintptr_t)slab, SLAB_BYTES); /* or tracemalloc saw no nodes */
    }
    return 0;
}

/* The slab after `slab` in the list of empty ones, once the block of `slab`, all of whose slabs are
   empty, has gone back. */
static Slab *without_block_of(Slab *slab)
{
    Slab *block = block_of(slab), *following = slab->next;
    while (following != NULL && block_of(following) == block)
        following = following->next;
    for (int at = 0; at < BLOCK_SLABS; at++) {
        Slab *gone = (Slab *)((char *)block + at * SLAB_BYTES);
        slab_is_no_longer_empty(gone);
        PyTraceMalloc_Untrack(0, (uintptr_t)gone);
    }
    block_give_back(block);
    return following;
}

/* Gives back empty slabs until half of those that may be kept are left. */
static void slabs_release(void)
{
    Slab *slab = slabs_empty;
    while (slab != NULL && slabs_empty_count > SLABS_KEPT / 2)
        slab = block_of(slab)->empty_in_block == BLOCK_SLABS ? without_block_of(slab) : slab->next;
    slab = slabs_empty;
    while (slab != NULL && slabs_empty_count > SLABS_KEPT / 2) {
        Slab *block = block_of(slab), *following = slab->next;
        if (slab != block) { /* the first one has the counts of its block */
            slab_is_no_longer_empty(slab);
            if (slab_give_back(slab) != 0) {
                slab_is_empty(slab); /* the system cannot note the gap */
                return;
            }
            PyTraceMalloc_Untrack(0, (uintptr_t)slab);
        }
        slab = following;
    }
}

/* A node with a reference count of one and nothing else filled in. */
static inline Node *node_allocate(PyTypeObject *type)
{
    Slab *slab = slabs_with_room;
    if (slab == NULL) {
        if (slabs_empty == NULL && slabs_get() < 0)
            return (Node *)PyErr_NoMemory();
        slab = slabs_empty;
        slab_is_no_longer_empty(slab);
        slab_enter(&slabs_with_room, slab);
    }
    Node *node = slab->freed;
    if (node != NULL)
        slab->freed = (Node *)node->left;
    else
        node = &slab->nodes[slab->touched++];
    if (++slab->used == SLAB_NODES)
        slab_leave(&slabs_with_room, slab);
    Py_SET_TYPE((PyObject *)node, type);
    _Py_NewReference((PyObject *)node); /* whatever stood there, which may look immortal */
    return node;
}

static inline void node_release(Node *node)
{
    Slab *slab = (Slab *)((uintptr_t)node & ~(uintptr_t)(SLAB_BYTES - 1));
    node->left = (PyObject *)slab->freed;
    slab->freed = node;
    if (slab->used-- == SLAB_NODES)
        slab_enter(&slabs_with_room, slab);
    if (slab->used == 0) {
        slab_leave(&slabs_with_room, slab);
        slab_is_empty(slab);
        if (slabs_empty_count > SLABS_KEPT)
            slabs_release();
    }
}

/* tp_alloc: Cython expects numbers to be 0; it fills in what is counted. */
static PyObject *node_alloc(PyTypeObject *type, Py_ssize_t Py_UNUSED(count))
{
    Node *node = node_allocate(type);
    if (node != NULL) {
        node->dl = node->dr = node->grad = node->data = 0.0;
        node->edges = 0;
    }
    return (PyObject *)node;
}

/* A node frees its parents where it held the last reference to them, and they theirs: nested at
   most 50 deep, lest a long chain overflow the C stack. What is deeper waits, linked through a
   field that a dead node has no use for. (CPython's trashcan would keep its list in the header of
   the garbage collector, which nodes do not have.) */
static void node_dealloc(PyObject *object)
{
    static Node *waiting = NULL;
    static int nested = 0;
    Node *node = (Node *)object;
    if (nested == NESTED_AT_MOST) {
        node->edges = (Py_ssize_t)(intptr_t)waiting;
        waiting = node;
        return;
    }
    for (;;) {
        nested++;
        Py_DECREF(node->operation);
        Py_DECREF(node->notes);
        Py_DECREF(node->left);
        Py_DECREF(node->right);
        node_release(node);
        nested--;
        if (nested != 0 || waiting == NULL)
            return;
        node = waiting;
        waiting = (Node *)(intptr_t)node->edges;
    }
}

/* tp_setattro: nodes are many and have fixed fields; who sets another is told where to put it. */
static int node_setattr(PyObject *node, PyObject *name, PyObject *value)
{
    int result = PyObject_GenericSetAttr(node, name, value);
    if (result < 0 && PyErr_ExceptionMatches(PyExc_AttributeError) &&
        _PyType_Lookup(Py_TYPE(node), name) == NULL) {
        PyErr_Format(
            PyExc_AttributeError,
            "a Value has no attribute '%U', and none can be added to it\n"
            "hint: keep it beside the Values, in a dict by Value: %U[p] = ...", name, name);
    }
    return result;
}

static PyTypeObject *node_type = NULL;

/* Hooks the functions above into the type of Values; -1 where it is not laid out as Node is. */
static int take_over(PyObject *values)
{
    PyTypeObject *type = (PyTypeObject *)values;
    if (type->tp_basicsize != sizeof(Node) || (type->tp_flags & Py_TPFLAGS_HAVE_GC)) {
        PyErr_SetString(PyExc_ImportError, "nodes.h knows another layout of Value");
        return -1;
    }
    type->tp_alloc = node_alloc;
    type->tp_dealloc = node_dealloc;
    type->tp_setattro = node_setattr;
    type->tp_hash = PyBaseObject_Type.tp_hash; /* by identity, without a call of Python's */
    PyType_Modified(type);
    node_type = type;
    return 0;
}

/* A Value, filled in at once: what `_node` of value.py is in plain Python. */
static inline PyObject *node_new(
    void *operation, double data, void *left, void *right, double dl, double dr)
{
    Node *node = node_allocate(node_type);
    if (node == NULL)
        return NULL;
    node->operation = Py_NewRef((PyObject *)operation);
    node->left = Py_NewRef((PyObject *)left);
    node->right = Py_NewRef((PyObject *)right);
    node->notes = Py_NewRef(Py_None);
    node->dl = dl;
    node->dr = dr;
    node->data = data;
    node->grad = 0.0;
    node->edges = 0;
    return (PyObject *)node;
}

#endif
