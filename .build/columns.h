/* Programs run at once: a list of steps, each on columns of up to COLUMN rows.

   A step takes columns and scalars and makes a column; a column holds one number for each row. What
   a step costs to read is spread over the rows, so that no code has to be made before the first
   result. `columns.py` puts the steps together; sums are in the order that program/loops.py tells.
   No number is fused or reordered: every row has the engine's bits. */

#ifndef CHALKGRAD_COLUMNS_H
#define CHALKGRAD_COLUMNS_H

#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define COLUMN 64   /* rows at once; a whole number of PARTS */
#define BLOCK 1024  /* rows whose sums are added up by themselves */
#define PARTS 8     /* partial sums in a block */

/* The compiler makes the steps for wider vectors too, and the processor's own are chosen. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#define FOR_ANY_VECTORS __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define FOR_ANY_VECTORS
#endif
#if defined(__GNUC__)
#define INLINED static inline __attribute__((always_inline))
#else
#define INLINED static __forceinline
#endif
#if defined(__GNUC__) && !defined(__clang__)
#define APART _Pragma("GCC ivdep") /* columns are the same or do not overlap */
#else
#define APART
#endif

/* Arithmetic comes in three forms: of two columns, a column and a scalar, a scalar and a column. */
enum {
    ADD, SUB, MUL, DIV, ADD_CS, SUB_CS, MUL_CS, DIV_CS, ADD_SC, SUB_SC, MUL_SC, DIV_SC,
    NEG, ABOVE, EQUAL, SELECT, CALL, CALL_TWO, CHECK, PUT
};

typedef struct {
    int32_t kind, to, a, b, c;
} Step;

typedef double (*Function)(double);
typedef double (*FunctionOfTwo)(double, double);

/* A program: its steps, and how large what they work on is. Scalars are the parameters, then the
   constants; `filled` are pairs (column, scalar) of which the column holds nothing but the scalar. */
typedef struct {
    Step *steps;
    double *constants;
    void **functions;
    int32_t *filled;
    int64_t count, parameters, numbers, pairs, columns, inputs, results;
} Steps;

/* What a program works in: scalars, then columns of `width` numbers, the inputs first. */
typedef struct {
    double *scalars, *columns;
    double flags[COLUMN];
    void *memory;
} Frame;

static int frame_made(Frame *frame, const Steps *p, int64_t width)
{
    int64_t scalars = (p->parameters + p->numbers + 7) / 8 * 8;
    frame->memory = malloc(sizeof(double) * (size_t)(scalars + p->columns * width) + 64);
    if (!frame->memory)
        return 0;
    frame->scalars = (double *)(((uintptr_t)frame->memory + 63) / 64 * 64);
    frame->columns = frame->scalars + scalars;
    if (p->numbers)
        memcpy(frame->scalars + p->parameters, p->constants, sizeof(double) * (size_t)p->numbers);
    return 1;
}

static void frame_given(Frame *frame, const Steps *p, const double *parameters, int64_t width)
{
    if (p->parameters)
        memcpy(frame->scalars, parameters, sizeof(double) * (size_t)p->parameters);
    for (int64_t i = 0; i < p->pairs; i++) {
        double *column = frame->columns + p->filled[2 * i] * width;
        for (int64_t row = 0; row < width; row++)
            column[row] = frame->scalars[p->filled[2 * i + 1]];
    }
}

/* Where results go: result k of row i to out[k * by_result + place[i]]. */
typedef struct {
    double *out;
    int64_t by_result;
    const int64_t *place;
} Sink;

/* Adds n numbers in turn to the partial sums. */
INLINED void parts_added(double *parts, const double *numbers, int n)
{
    double own[PARTS];
    int i = 0;
    memcpy(own, parts, sizeof own);
    for (; i + PARTS <= n; i += PARTS)
        for (int part = 0; part < PARTS; part++)
            own[part] += numbers[i + part];
    for (int part = 0; i + part < n; part++)
        own[part] += numbers[i + part];
    memcpy(parts, own, sizeof own);
}

#define EACH(formula) \
    { \
        APART \
        for (int i = 0; i < n; i++) \
            to[i] = formula; \
    } \
    break;
#define ARITHMETIC(name, sign) \
    case name: EACH(a[i] sign b[i]) \
    case name##_CS: { \
        const double s = scalars[step->b]; \
        EACH(a[i] sign s) \
    } \
    case name##_SC: { \
        const double s = scalars[step->a]; \
        EACH(s sign b[i]) \
    }

INLINED void steps_run(const Steps *p, Frame *frame, Sink sink, int n, const int width, int sums)
{
    double *const columns = frame->columns;
    const double *const scalars = frame->scalars;
    for (int i = 0; i < n; i++)
        frame->flags[i] = 0.0;
    for (const Step *step = p->steps, *end = step + p->count; step < end; step++) {
        double *const to = columns + (int64_t)step->to * width;
        const double *const a = columns + (int64_t)step->a * width;
        const double *const b = columns + (int64_t)step->b * width;
        switch (step->kind) {
            ARITHMETIC(ADD, +)
            ARITHMETIC(SUB, -)
            ARITHMETIC(MUL, *)
            ARITHMETIC(DIV, /)
        case NEG:
            EACH(-a[i])
        case ABOVE:
            EACH(a[i] > b[i] ? 1.0 : 0.0)
        case EQUAL:
            EACH(a[i] == b[i] ? 1.0 : 0.0)
        case SELECT: {
            const double *const c = columns + (int64_t)step->c * width;
            APART
            for (int i = 0; i < n; i++) {
                const double yes = b[i], no = c[i];
                to[i] = a[i] != 0.0 ? yes : no;
            }
            break;
        }
        case CALL: {
            const Function f = (Function)p->functions[step->c];
            for (int i = 0; i < n; i++)
                to[i] = f(a[i]);
            break;
        }
        case CALL_TWO: {
            const FunctionOfTwo f = (FunctionOfTwo)p->functions[step->c];
            for (int i = 0; i < n; i++)
                to[i] = f(a[i], b[i]);
            break;
        }
        case CHECK:
            for (int i = 0; i < n; i++)
                frame->flags[i] += a[i];
            break;
        case PUT:
            if (sums) {
                parts_added(sink.out + step->to * sink.by_result, a, n);
            } else if (sink.place) {
                for (int i = 0; i < n; i++)
                    sink.out[step->to * sink.by_result + sink.place[i]] = a[i];
            } else {
                for (int i = 0; i < n; i++)
                    sink.out[step->to * sink.by_result + i] = a[i];
            }
        }
    }
}

FOR_ANY_VECTORS
static void columns_summed(const Steps *p, Frame *frame, Sink sink, int n)
{
    steps_run(p, frame, sink, n, COLUMN, 1);
}

FOR_ANY_VECTORS
static void columns_put(const Steps *p, Frame *frame, Sink sink, int n)
{
    steps_run(p, frame, sink, n, COLUMN, 0);
}

static void one_put(const Steps *p, Frame *frame, Sink sink)
{
    steps_run(p, frame, sink, 1, 1, 0);
}

/* The first of n rows for which something is not finite, or -1. */
static int in_trouble(const Frame *frame, int n)
{
    for (int i = 0; i < n; i++)
        if (!(frame->flags[i] - frame->flags[i] == 0.0))
            return i;
    return -1;
}

static void gathered(const Steps *p, Frame *frame, const double *rows, int n)
{
    for (int64_t column = 0; column < p->inputs; column++)
        for (int i = 0; i < n; i++)
            frame->columns[column * COLUMN + i] = rows[i * p->inputs + column];
}

static double in_order(const double *s)
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

/* The functions below answer -1, or the number of a row in trouble; -2 where memory has run out. */

/* The results of rows begin to end, each row's beside one another. */
static int64_t steps_map(
    const Steps *p, const double *rows, const double *parameters, double *out, int64_t begin,
    int64_t end)
{
    Frame frame;
    int64_t place[COLUMN], found = -1;
    if (!frame_made(&frame, p, COLUMN))
        return -2;
    frame_given(&frame, p, parameters, COLUMN);
    for (int i = 0; i < COLUMN; i++)
        place[i] = i * p->results;
    for (int64_t at = begin; at < end && found < 0; at += COLUMN) {
        const int n = end - at < COLUMN ? (int)(end - at) : COLUMN;
        const Sink sink = {out + at * p->results, 1, place};
        gathered(p, &frame, rows + at * p->inputs, n);
        columns_put(p, &frame, sink, n);
        const int bad = in_trouble(&frame, n);
        found = bad < 0 ? -1 : at + bad;
    }
    free(frame.memory);
    return found;
}

/* For each block of rows from begin to end the sums of its results, one block after the other. */
static int64_t steps_total(
    const Steps *p, const double *rows, const double *parameters, double *out, int64_t begin,
    int64_t end)
{
    Frame frame;
    int64_t found = -1;
    double *parts = (double *)malloc(sizeof(double) * (size_t)(PARTS * p->results) + 1);
    if (!parts)
        return -2;
    if (!frame_made(&frame, p, COLUMN)) {
        free(parts);
        return -2;
    }
    frame_given(&frame, p, parameters, COLUMN);
    for (int64_t block = begin; block < end && found < 0; block += BLOCK, out += p->results) {
        const int64_t stop = end - block < BLOCK ? end : block + BLOCK;
        const Sink sink = {parts, PARTS, 0};
        for (int64_t k = 0; k < PARTS * p->results; k++)
            parts[k] = 0.0;
        for (int64_t at = block; at < stop && found < 0; at += COLUMN) {
            const int n = stop - at < COLUMN ? (int)(stop - at) : COLUMN;
            gathered(p, &frame, rows + at * p->inputs, n);
            columns_summed(p, &frame, sink, n);
            const int bad = in_trouble(&frame, n);
            found = bad < 0 ? -1 : at + bad;
        }
        for (int64_t k = 0; k < p->results; k++)
            out[k] = in_order(parts + PARTS * k);
    }
    free(frame.memory);
    free(parts);
    return found;
}

/* The results of a single row: 0.0, or what is not finite; -2.0 where memory has run out. After the
   outputs come gradients: to these 0 is added, as the engine adds to that. */
static double steps_one(
    const Steps *p, const double *row, const double *parameters, double *out, int64_t outputs)
{
    Frame frame;
    if (!frame_made(&frame, p, 1))
        return -2.0;
    frame_given(&frame, p, parameters, 1);
    if (p->inputs)
        memcpy(frame.columns, row, sizeof(double) * (size_t)p->inputs);
    const Sink sink = {out, 1, 0};
    one_put(p, &frame, sink);
    double flag = frame.flags[0];
    for (int64_t k = outputs; k < p->results; k++) {
        out[k] += 0.0;
        flag += out[k];
    }
    free(frame.memory);
    return flag - flag;
}

/* Adds the sums of blocks, which follow one another, to `sums`. */
static void steps_fold(const Steps *p, const double *out, double *sums, int64_t blocks)
{
    for (int64_t block = 0; block < blocks; block++)
        for (int64_t k = 0; k < p->results; k++)
            sums[k] += out[block * p->results + k];
}

/* A training: a graph for each kind of row, a schedule that makes a step's numbers of its number and
   the settings, and a rule that makes parameter and memory anew of those, it and its gradient.
   Where there is a measure, the schedule is also given its sum over all gradients. */
typedef struct {
    Steps **graphs;
    const Steps *schedule, *rule, *measure;
    int64_t kinds, count, columns, memory, batch, settings;
} Training;

/* What a training works in. */
typedef struct {
    Frame *graphs;
    Frame schedule, rule, measure;
    double *numbers, *kept;
} Workshop;

static void workshop_freed(Workshop *w, const Training *t)
{
    if (w->graphs)
        for (int64_t kind = 0; kind < t->kinds; kind++)
            free(w->graphs[kind].memory);
    free(w->schedule.memory);
    free(w->rule.memory);
    free(w->measure.memory);
    free(w->graphs);
    free(w->numbers);
    free(w->kept);
}

static int workshop_made(Workshop *w, const Training *t)
{
    const int64_t width = t->batch > 1 ? COLUMN : 1;
    memset(w, 0, sizeof *w);
    w->graphs = (Frame *)calloc((size_t)t->kinds, sizeof(Frame));
    w->numbers = (double *)malloc(sizeof(double) * (size_t)(t->schedule->results + 1));
    w->kept = (double *)malloc(sizeof(double) * (size_t)(width * (1 + t->count)));
    int made = w->graphs && w->numbers && w->kept;
    for (int64_t kind = 0; kind < t->kinds && made; kind++)
        made = frame_made(&w->graphs[kind], t->graphs[kind], width);
    return made && frame_made(&w->schedule, t->schedule, 1) &&
           frame_made(&w->rule, t->rule, COLUMN) &&
           (!t->measure || frame_made(&w->measure, t->measure, COLUMN));
}

/* The sum of the measure over all gradients. */
static double measured(
    const Training *t, Workshop *w, const double *gradients, const double *settings)
{
    double sum = 0.0, sizes[COLUMN];
    const Sink sink = {sizes, COLUMN, 0};
    frame_given(&w->measure, t->measure, settings, COLUMN);
    for (int64_t block = 0; block < t->count; block += BLOCK) {
        const int64_t stop = t->count - block < BLOCK ? t->count : block + BLOCK;
        double parts[PARTS] = {0.0};
        for (int64_t k = block; k < stop; k += COLUMN) {
            const int n = stop - k < COLUMN ? (int)(stop - k) : COLUMN;
            memcpy(w->measure.columns, gradients + k, sizeof(double) * (size_t)n);
            columns_put(t->measure, &w->measure, sink, n);
            for (int i = 0; i < n; i++)
                parts[i % PARTS] += sizes[i];
        }
        sum += in_order(parts);
    }
    return sum;
}

/* Every parameter and its memory moved once, by the gradients from `gradients` on; 0, and nothing
   moved, where what is measured is not finite. */
static int moved(
    const Training *t, Workshop *w, double *state, const double *gradients,
    const double *settings, double time)
{
    const Sink numbers = {w->numbers, 1, 0};
    w->schedule.columns[0] = time;
    for (int64_t i = 0; i < t->settings; i++)
        w->schedule.columns[1 + i] = settings[i];
    if (t->measure) {
        const double sum = measured(t, w, gradients, settings);
        if (!(sum - sum == 0.0))
            return 0;
        w->schedule.columns[1 + t->settings] = sum;
    }
    frame_given(&w->schedule, t->schedule, w->numbers, 1);
    one_put(t->schedule, &w->schedule, numbers);
    frame_given(&w->rule, t->rule, w->numbers, COLUMN);
    for (int64_t k = 0; k < t->count; k += COLUMN) {
        const int n = t->count - k < COLUMN ? (int)(t->count - k) : COLUMN;
        const Sink sink = {state + k, t->count, 0};
        double *const given = w->rule.columns;
        memcpy(given, state + k, sizeof(double) * (size_t)n);
        memcpy(given + COLUMN, gradients + k, sizeof(double) * (size_t)n);
        for (int64_t i = 1; i <= t->memory; i++)
            memcpy(given + (1 + i) * COLUMN, state + i * t->count + k, sizeof(double) * (size_t)n);
        columns_put(t->rule, &w->rule, sink, n);
    }
    return 1;
}

/* The losses and gradients of up to COLUMN rows, kept beside one another; whether all is finite. */
static int graphs_run(
    const Training *t, Workshop *w, const double *rows, const uint8_t *which,
    const int64_t *order, int n)
{
    for (int64_t kind = 0; kind < t->kinds; kind++) {
        const Steps *p = t->graphs[kind];
        Frame *frame = &w->graphs[kind];
        int64_t place[COLUMN];
        int found = 0;
        for (int i = 0; i < n; i++)
            if (which[order[i]] == kind) {
                const double *row = rows + order[i] * t->columns;
                for (int64_t column = 0; column < p->inputs; column++)
                    frame->columns[column * COLUMN + found] = row[column];
                place[found++] = i;
            }
        if (found) {
            const Sink sink = {w->kept, COLUMN, found == n ? 0 : place};
            columns_put(p, frame, sink, found);
            if (in_trouble(frame, found) >= 0)
                return 0;
        }
    }
    return 1;
}

/* Adds the gradients of n rows to the partial sums. */
FOR_ANY_VECTORS
static void added_up(const Training *t, const Workshop *w, double *sums, int n)
{
    for (int64_t k = 0; k < t->count; k++)
        parts_added(sums + (1 + k) * PARTS, w->kept + (1 + k) * COLUMN, n);
}

/* Steps begin to end, one for each row or batch: as `@scan` in program/steps.py, which see. The
   rest of a batch may be left to the next call; `sums` holds, after room for the losses', the
   partial sums of each parameter's gradients, and far behind the sums so far. Every call but a batch's last ends after whole columns. */
static int64_t steps_scan(
    const Training *t, const double *rows, const uint8_t *which, const int64_t *order,
    double *state, double *results, double *losses, double *sums, const double *settings,
    double before, int64_t begin, int64_t end, int64_t count)
{
    Workshop w;
    int64_t found = -1;
    double taken = 0.0;
    if (!workshop_made(&w, t)) {
        workshop_freed(&w, t);
        return -2;
    }
    double *const whole = sums + 3 * PARTS * (1 + t->count);
    int given = 0; /* whether the graphs know the parameters as they are */
    for (int64_t s = begin; s < end;) {
        const int64_t place = s % count;
        int n = 1;
        if (t->batch == 1) {
            const int64_t row = order[place];
            const Steps *p = t->graphs[which[row]];
            Frame *frame = &w.graphs[which[row]];
            const Sink sink = {results, 1, 0};
            frame_given(frame, p, state, 1);
            if (p->inputs)
                memcpy(frame->columns, rows + row * t->columns, sizeof(double) * (size_t)p->inputs);
            one_put(p, frame, sink);
            if (in_trouble(frame, 1) >= 0) {
                found = s;
                break;
            }
            losses[s - begin] = results[0];
            if (!moved(t, &w, state, results + 1, settings, before + ++taken)) {
                found = s;
                break;
            }
            s += 1;
            continue;
        }
        const int64_t inside = place % t->batch;
        int64_t left = t->batch - inside;
        if (count - place < left)
            left = count - place;
        n = left < COLUMN ? (int)left : COLUMN;
        if (end - s < n)
            n = (int)(end - s);
        if (!given)
            for (int64_t kind = 0; kind < t->kinds; kind++)
                frame_given(&w.graphs[kind], t->graphs[kind], state, COLUMN);
        given = 1;
        if (!graphs_run(t, &w, rows, which, order + place, n)) {
            found = s;
            break;
        }
        memcpy(losses + (s - begin), w.kept, sizeof(double) * (size_t)n);
        s += n;
        const int ends = n == left;
        const int folds = ends || (inside + n) % BLOCK == 0;
        added_up(t, &w, sums, n);
        for (int64_t k = 0; k < t->count && folds; k++) {
            double *parts = sums + (1 + k) * PARTS;
            whole[k] += in_order(parts);
            for (int part = 0; part < PARTS; part++)
                parts[part] = 0.0;
            if (ends) {
                results[1 + k] = whole[k] / (double)(inside + n);
                whole[k] = 0.0;
            }
        }
        if (ends) {
            if (!moved(t, &w, state, results + 1, settings, before + ++taken)) {
                found = s - 1;
                break;
            }
            given = 0;
        }
    }
    workshop_freed(&w, t);
    return found;
}

/* Where these functions stand, for whoever calls them by their address. */
static Py_ssize_t address_of(int which)
{
    switch (which) {
    case 0:
        return (Py_ssize_t)(intptr_t)&steps_map;
    case 1:
        return (Py_ssize_t)(intptr_t)&steps_total;
    case 2:
        return (Py_ssize_t)(intptr_t)&steps_fold;
    case 3:
        return (Py_ssize_t)(intptr_t)&steps_one;
    default:
        return (Py_ssize_t)(intptr_t)&steps_scan;
    }
}

#endif
