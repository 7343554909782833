/* What programs are held against: the same work written by hand, as one writes it in C. */

#include <math.h>
#include <string.h>

#define H 16

#ifdef TANH
static double act(double z) { return tanh(z); }
static double slope(double z, double h) { (void)z; return 1.0 - h * h; }
#else
static double act(double z) { return z > 0.0 ? z : 0.0; }
static double slope(double z, double h) { (void)h; return z > 0.0 ? 1.0 : 0.0; }
#endif

/* The network 2-16-16-1 with the hinge loss: parameters are w1[16][2] b1[16] w2[16][16] b2[16]
   w3[16] b3; a row is x0, x1, y. */

double moons_loss(const double *rows, long n, const double *p)
{
    const double *w1 = p, *b1 = w1 + 2 * H, *w2 = b1 + H, *b2 = w2 + H * H, *w3 = b2 + H;
    double total = 0.0;
    for (long r = 0; r < n; r++) {
        const double *x = rows + 3 * r;
        double h1[H], h2[H], z = w3[H];
        for (int j = 0; j < H; j++)
            h1[j] = act(w1[2 * j] * x[0] + w1[2 * j + 1] * x[1] + b1[j]);
        for (int j = 0; j < H; j++) {
            double s = b2[j];
            for (int i = 0; i < H; i++)
                s += w2[H * j + i] * h1[i];
            h2[j] = act(s);
        }
        for (int i = 0; i < H; i++)
            z += w3[i] * h2[i];
        double margin = 1.0 - x[2] * z;
        total += margin > 0.0 ? margin : 0.0;
    }
    return total;
}

double moons_gradient(const double *rows, long n, const double *p, double *g)
{
    const double *w1 = p, *b1 = w1 + 2 * H, *w2 = b1 + H, *b2 = w2 + H * H, *w3 = b2 + H;
    double *g1 = g, *gb1 = g1 + 2 * H, *g2 = gb1 + H, *gb2 = g2 + H * H, *g3 = gb2 + H;
    double total = 0.0;
    memset(g, 0, sizeof(double) * (4 * H + H * H + H + 1));
    for (long r = 0; r < n; r++) {
        const double *x = rows + 3 * r;
        double z1[H], h1[H], z2[H], h2[H], d1[H] = {0}, z = w3[H];
        for (int j = 0; j < H; j++) {
            z1[j] = w1[2 * j] * x[0] + w1[2 * j + 1] * x[1] + b1[j];
            h1[j] = act(z1[j]);
        }
        for (int j = 0; j < H; j++) {
            z2[j] = b2[j];
            for (int i = 0; i < H; i++)
                z2[j] += w2[H * j + i] * h1[i];
            h2[j] = act(z2[j]);
        }
        for (int i = 0; i < H; i++)
            z += w3[i] * h2[i];
        double margin = 1.0 - x[2] * z;
        if (!(margin > 0.0))
            continue;
        total += margin;
        double dz = -x[2];
        g3[H] += dz;
        for (int j = 0; j < H; j++) {
            g3[j] += dz * h2[j];
            double d2 = dz * w3[j] * slope(z2[j], h2[j]);
            gb2[j] += d2;
            for (int i = 0; i < H; i++) {
                g2[H * j + i] += d2 * h1[i];
                d1[i] += d2 * w2[H * j + i];
            }
        }
        for (int j = 0; j < H; j++) {
            double d = d1[j] * slope(z1[j], h1[j]);
            g1[2 * j] += d * x[0];
            g1[2 * j + 1] += d * x[1];
            gb1[j] += d;
        }
    }
    return total;
}

/* The notes' network 2-2-1: w[2][2] b[2] v[2] c; a row is iq, cgpa, lpa. */

static double lpa_row(const double *x, const double *p, double *g)
{
    double h0 = p[0] * x[0] + p[1] * x[1] + p[4], h1 = p[2] * x[0] + p[3] * x[1] + p[5];
    double e = x[2] - (p[6] * h0 + p[7] * h1 + p[8]), d = -2.0 * e;
    g[6] = d * h0;
    g[7] = d * h1;
    g[8] = d;
    double d0 = d * p[6], d1 = d * p[7];
    g[0] = d0 * x[0];
    g[1] = d0 * x[1];
    g[2] = d1 * x[0];
    g[3] = d1 * x[1];
    g[4] = d0;
    g[5] = d1;
    return e * e;
}

double lpa_gradient(const double *rows, long n, const double *p, double *g)
{
    double total = 0.0, one[9];
    memset(g, 0, sizeof one);
    for (long r = 0; r < n; r++) {
        total += lpa_row(rows + 3 * r, p, one);
        for (int i = 0; i < 9; i++)
            g[i] += one[i];
    }
    return total;
}

void lpa_train(const double *rows, long n, long epochs, double rate, double *p, double *losses)
{
    double g[9];
    for (long e = 0; e < epochs; e++)
        for (long r = 0; r < n; r++) {
            *losses++ = lpa_row(rows + 3 * r, p, g);
            for (int i = 0; i < 9; i++)
                p[i] -= rate * g[i];
        }
}
