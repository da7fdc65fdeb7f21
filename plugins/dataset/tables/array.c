/* SPDX-License-Identifier: MIT */
/* Reading an array in numpy's NPY format: magic, version, a header that is a Python dictionary, then the elements
 * (numpy.lib.format). */
#include "array.h"

#include "hone/param.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

hone_rc array_fail(const struct array *array, hone_error *err, const char *format, ...)
{
    char message[140];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return hone_fail(err, HONE_EIO, array->key, "%.90s: %.30s%s%s", hone_short_path(array->path), array->name,
                     *array->name ? ": " : "", message);
}

/* ---- the dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } ---- */
struct header {
    const char *at, *end;
};

static void skip(struct header *h)
{
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\t' || *h->at == '\n'))
        h->at++;
}

/* Takes the text if it is what comes next. */
static int takes(struct header *h, const char *text)
{
    const size_t n = strlen(text);
    skip(h);
    if ((size_t)(h->end - h->at) < n || memcmp(h->at, text, n) != 0)
        return 0;
    h->at += n;
    return 1;
}

/* A quoted text of less than n bytes. */
static int take_text(struct header *h, char *text, size_t n)
{
    size_t length = 0;
    skip(h);
    if (h->at == h->end || (*h->at != '\'' && *h->at != '"'))
        return 0;
    const char quote = *h->at++;
    while (h->at < h->end && *h->at != quote && length + 1 < n)
        text[length++] = *h->at++;
    text[length] = '\0';
    return h->at < h->end && *h->at++ == quote;
}

static int take_number(struct header *h, uint64_t *v)
{
    skip(h);
    const char *start = h->at;
    for (*v = 0; h->at < h->end && *h->at >= '0' && *h->at <= '9' && *v < UINT64_MAX / 100; h->at++)
        *v = *v * 10 + (uint64_t)(*h->at - '0');
    return h->at > start;
}

static hone_rc take_shape(struct array *a, struct header *h, hone_error *err)
{
    if (!takes(h, "("))
        return array_fail(a, err, "the shape in the header cannot be read");
    a->elements = 1;
    for (a->n_dims = 0; !takes(h, ")"); a->n_dims++) {
        uint64_t n = 0;
        if (a->n_dims == ARRAY_MAX_DIMS)
            return array_fail(a, err, "the array has more than %d dimensions", ARRAY_MAX_DIMS);
        if (!take_number(h, &n))
            return array_fail(a, err, "the shape in the header cannot be read");
        a->dims[a->n_dims] = n;
        if (n && a->elements > UINT64_MAX / 16 / n)
            return array_fail(a, err, "the shape in the header is too large to be true");
        a->elements *= n;
        takes(h, ",");
    }
    return HONE_OK;
}

static hone_rc take_type(struct array *a, const char *descr, hone_error *err)
{
    static const struct {
        char kind;
        const char *sizes;
        enum element element;
    } types[] = {
        { 'b', "1", ELEMENT_BOOL },
        { 'i', "1248", ELEMENT_INT },
        { 'u', "1248", ELEMENT_UINT },
        { 'f', "248", ELEMENT_FLOAT },
    };
    const char order = descr[0];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (order && strchr("<>|=", order) && descr[1] == types[i].kind && descr[2] && !descr[3] &&
            strchr(types[i].sizes, descr[2])) {
            a->element = types[i].element;
            a->item_bytes = (uint32_t)(descr[2] - '0');
            a->big_endian = order == '>';
            return HONE_OK;
        }
    return array_fail(a, err, "elements of type '%.20s' are not read: bool, int, uint and float are", descr);
}

static hone_rc take_header(struct array *a, struct header *h, hone_error *err)
{
    int seen = 0;
    hone_rc rc = HONE_OK;
    if (!takes(h, "{"))
        return array_fail(a, err, "the header is no dictionary");
    while (rc == HONE_OK && !takes(h, "}")) {
        char key[16] = "", descr[24] = "";
        if (!take_text(h, key, sizeof key) || !takes(h, ":"))
            return array_fail(a, err, "the header cannot be read");
        if (!strcmp(key, "descr")) {
            seen |= 1;
            rc = take_text(h, descr, sizeof descr) ? take_type(a, descr, err)
                                                   : array_fail(a, err, "arrays of records are not read");
        } else if (!strcmp(key, "fortran_order")) {
            seen |= 2;
            a->fortran = (uint32_t)takes(h, "True");
            if (!a->fortran && !takes(h, "False"))
                return array_fail(a, err, "fortran_order in the header is neither True nor False");
        } else if (!strcmp(key, "shape")) {
            seen |= 4;
            rc = take_shape(a, h, err);
        } else {
            return array_fail(a, err, "the header has an unknown key '%s'", key);
        }
        takes(h, ",");
    }
    return rc != HONE_OK || seen == 7 ? rc : array_fail(a, err, "the header lacks descr, fortran_order or shape");
}

hone_rc array_open(struct array *a, unsigned char *bytes, uint64_t size, const char *path, const char *name,
                   const char *key, hone_error *err)
{
    memset(a, 0, sizeof *a);
    a->path = path;
    a->name = name;
    a->key = key;
    a->bytes = bytes;
    a->size = size;
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return array_fail(a, err, "this is no array of numpy (.npy)");
    const unsigned version = bytes[6];
    if (version < 1 || version > 3)
        return array_fail(a, err, "version %u of the format is not known", version);
    const uint64_t start = version == 1 ? 10 : 12;
    const uint64_t length = version == 1 ? bytes[8] | (uint64_t)bytes[9] << 8
                                         : bytes[8] | (uint64_t)bytes[9] << 8 | (uint64_t)bytes[10] << 16 |
                                               (uint64_t)bytes[11] << 24;
    if (length > size - start)
        return array_fail(a, err, "the file ends within the header");
    struct header header = { (const char *)bytes + start, (const char *)bytes + start + length };
    const hone_rc rc = take_header(a, &header, err);
    if (rc != HONE_OK)
        return rc;
    a->data = bytes + start + length;
    if (a->elements * a->item_bytes != size - start - length)
        return array_fail(a, err, "the shape needs %llu bytes, the file has %llu: it is cut short or damaged",
                          (unsigned long long)(a->elements * a->item_bytes),
                          (unsigned long long)(size - start - length));
    return HONE_OK;
}

void array_close(struct array *a)
{
    free(a->bytes);
    memset(a, 0, sizeof *a);
}

/* ---- elements ---- */
static double half(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023), sign = bits >> 15 ? -1 : 1;
    if (exponent == 31)
        return fraction > 0 ? (double)NAN : sign * HUGE_VAL;
    return sign * (exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24));
}

static double real(uint64_t bits, uint32_t bytes)
{
    double d;
    float f;
    if (bytes == 2)
        return half(bits);
    if (bytes == 4) {
        const uint32_t low = (uint32_t)bits;
        memcpy(&f, &low, sizeof f);
        return (double)f;
    }
    memcpy(&d, &bits, sizeof d);
    return d;
}

double array_at(const struct array *a, uint64_t position)
{
    const unsigned char *p = a->data + position * a->item_bytes;
    uint64_t bits = 0;
    for (uint32_t i = 0; i < a->item_bytes; i++)
        bits |= (uint64_t)p[a->big_endian ? a->item_bytes - 1 - i : i] << 8 * i;
    switch (a->element) {
    case ELEMENT_BOOL: return bits ? 1 : 0;
    case ELEMENT_UINT: return (double)bits;
    case ELEMENT_FLOAT: return real(bits, a->item_bytes);
    case ELEMENT_INT:
    default: break;
    }
    const uint64_t sign = (uint64_t)1 << (8 * a->item_bytes - 1);
    return bits & sign ? -(double)(~(bits - 1) & (sign | (sign - 1))) : (double)bits;
}
