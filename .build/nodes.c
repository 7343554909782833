/* How the nodes of a graph are allocated and freed in the compiled engine.

   backend.py puts this text into the C that mypyc writes for autograd/value.py, ahead of the
   functions that then call it. Everything here runs under the GIL.

   A training makes and frees the same hundred thousand nodes again and again. Python's allocator
   hands such memory back to the system each time, and the page faults of getting it anew cost more
   than the arithmetic. So nodes live in slabs of 256 KB, aligned to their size so that a node's
   address tells its slab. A slab that has become empty is kept for the next graph, up to 128 MB of
   them, and is filled from its beginning again: nodes made one after another lie side by side. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#ifdef _WIN32
#include <malloc.h>
#define SLAB_ALLOCATE() _aligned_malloc(SLAB_BYTES, SLAB_BYTES)
#define SLAB_RELEASE(slab) _aligned_free(slab)
#else
#define SLAB_ALLOCATE() aligned_alloc(SLAB_BYTES, SLAB_BYTES)
#define SLAB_RELEASE(slab) free(slab)
#endif

typedef autograd___value___ValueObject Node;

#define SLAB_BYTES ((size_t)256 * 1024)
#define SLABS_KEPT 512
#define NESTED_AT_MOST 50

typedef struct Slab {
    struct Slab *next, *previous; /* among the slabs with room */
    Node *freed;                  /* linked through the field `_left` */
    int used;
    int touched;                  /* nodes beyond have not been handed out since it was empty */
    Node nodes[];
} Slab;

#define SLAB_NODES ((int)((SLAB_BYTES - offsetof(Slab, nodes)) / sizeof(Node)))

static Slab *slabs_with_room = NULL;
static int slabs_empty = 0;

static void slab_enter(Slab *slab)
{
    slab->previous = NULL;
    slab->next = slabs_with_room;
    if (slabs_with_room != NULL)
        slabs_with_room->previous = slab;
    slabs_with_room = slab;
}

static void slab_leave(Slab *slab)
{
    if (slab->next != NULL)
        slab->next->previous = slab->previous;
    if (slab->previous != NULL)
        slab->previous->next = slab->next;
    else
        slabs_with_room = slab->next;
}

static Slab *slab_new(void)
{
    Slab *slab = SLAB_ALLOCATE();
    if (slab == NULL)
        return NULL;
    PyTraceMalloc_Track(0, (uintptr_t)slab, SLAB_BYTES); /* or tracemalloc would see no nodes */
    slab->freed = NULL;
    slab->used = slab->touched = 0;
    slabs_empty++;
    slab_enter(slab);
    return slab;
}

/* A node with a reference count of one and nothing else filled in. */
static inline Node *node_allocate(PyTypeObject *type)
{
    Slab *slab = slabs_with_room;
    if (slab == NULL && (slab = slab_new()) == NULL)
        return (Node *)PyErr_NoMemory();
    Node *node = slab->freed;
    if (node != NULL)
        slab->freed = (Node *)node->__left;
    else
        node = &slab->nodes[slab->touched++];
    if (slab->used++ == 0)
        slabs_empty--;
    if (slab->used == SLAB_NODES)
        slab_leave(slab);
    Py_SET_TYPE((PyObject *)node, type);
    _Py_NewReference((PyObject *)node); /* whatever stood there, which may look immortal */
    return node;
}

static inline void node_release(Node *node)
{
    Slab *slab = (Slab *)((uintptr_t)node & ~(uintptr_t)(SLAB_BYTES - 1));
    node->__left = (PyObject *)slab->freed;
    slab->freed = node;
    if (slab->used-- == SLAB_NODES)
        slab_enter(slab);
    if (slab->used != 0)
        return;
    if (slabs_empty == SLABS_KEPT) {
        slab_leave(slab);
        PyTraceMalloc_Untrack(0, (uintptr_t)slab);
        SLAB_RELEASE(slab);
        return;
    }
    slabs_empty++;
    slab->freed = NULL;
    slab->touched = 0;
}

/* A node that whoever asked for it fills in; what is counted must hold something till then. */
static PyObject *node_blank(PyTypeObject *type, CPyVTableItem *vtable)
{
    Node *node = node_allocate(type);
    if (node == NULL)
        return NULL;
    node->vtable = vtable;
    node->__operation = Py_NewRef(Py_None);
    node->__left = Py_NewRef(Py_None);
    node->__right = Py_NewRef(Py_None);
    node->__notes = Py_NewRef(Py_None);
    return (PyObject *)node;
}

/* A node frees its parents where it held the last reference to them, and they theirs: nested at
   most 50 deep, lest a long chain overflow the C stack. What is deeper waits, linked through a
   field that a dead node has no use for. mypyc would bound the nesting by CPython's trashcan, which
   keeps its list in the header of the garbage collector. An acyclic class has no such header, so
   that a Value freed amid 50 nested containers would overwrite its neighbour. */
static inline void node_free(Node *node, int32_t (*clear)(PyObject *))
{
    static Node *waiting = NULL;
    static int nested = 0;
    if (nested == NESTED_AT_MOST) {
        node->__edges = (int64_t)(intptr_t)waiting;
        waiting = node;
        return;
    }
    for (;;) {
        nested++;
        clear((PyObject *)node);
        node_release(node);
        nested--;
        if (nested != 0 || waiting == NULL)
            return;
        node = waiting;
        waiting = (Node *)(intptr_t)node->__edges;
    }
}
