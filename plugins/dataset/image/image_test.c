/* SPDX-License-Identifier: MIT */
/* Folders of pictures and sheets of tiles: files written here by libpng and libjpeg, scaling against the definition in
 * double precision, the real digits of opencv-doc where they are installed, and broken files of every sort. */
#include "component.h"
#include "hone/dataset.h"
#include "hone/rng.h"
#include "picture.h"
#include "samples.h"

#include <ftw.h>
#include <jpeglib.h>
#include <png.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info, (void)type, (void)at;
    return remove(path);
}

static void make_root(void)
{
    snprintf(folder, sizeof folder, "/tmp/hone-image-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
}

static void remove_root(void)
{
    CU_ASSERT_EQUAL(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* folder/name, with its folders made */
static const char *path_to(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    return path;
}

static void write_bytes(const char *name, const void *bytes, size_t n)
{
    FILE *out = fopen(path_to(name), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, n, out), n);
    fclose(out);
}

static size_t read_bytes(const char *name, uint8_t *bytes, size_t capacity)
{
    FILE *in = fopen(path_to(name), "rb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    const size_t n = fread(bytes, 1, capacity, in);
    fclose(in);
    return n;
}

/* pixels: (height, width, channels) with the channels of the PNG colour type; depth 8 or 16 */
static void write_png(const char *name, uint32_t height, uint32_t width, int type, int depth, const uint8_t *pixels)
{
    static const int channels[] = { [PNG_COLOR_TYPE_GRAY] = 1,
                                    [PNG_COLOR_TYPE_RGB] = 3,
                                    [PNG_COLOR_TYPE_PALETTE] = 1,
                                    [PNG_COLOR_TYPE_GRAY_ALPHA] = 2,
                                    [PNG_COLOR_TYPE_RGB_ALPHA] = 4 };
    static const png_color palette[] = { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 }, { 9, 90, 200 } };
    FILE *out = fopen(path_to(name), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_init_io(png, out);
    png_set_IHDR(png, info, width, height, depth, type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 4);
    png_write_info(png, info);
    for (uint32_t y = 0; y < height; y++)
        png_write_row(png, pixels + (size_t)y * width * (uint32_t)(channels[type] * depth / 8));
    png_write_end(png, NULL);
    png_destroy_write_struct(&png, &info);
    fclose(out);
}

static void write_jpeg(const char *name, uint32_t height, uint32_t width, int channels, int quality,
                       const uint8_t *pixels)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    uint8_t row[4096];
    FILE *out = fopen(path_to(name), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, out);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, quality, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    for (uint32_t y = 0; y < height; y++) {
        JSAMPROW at = row;
        memcpy(row, pixels + (size_t)y * width * (uint32_t)channels, (size_t)width * (uint32_t)channels);
        jpeg_write_scanlines(&jpeg, &at, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fclose(out);
}

static uint8_t noise[64 * 64 * 4];

static void fill_noise(uint64_t seed)
{
    hone_rng rng = hone_rng_at(seed, 0);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)hone_rng_u32(&rng);
}

/* A picture of one brightness, so that it can be told apart after decoding. */
static void write_plain(const char *name, uint32_t side, uint8_t value)
{
    uint8_t pixels[64 * 64];
    const char *dot = strrchr(name, '.');
    memset(pixels, value, sizeof pixels);
    if (dot && !strcmp(dot, ".jpg"))
        write_jpeg(name, side, side, 1, 95, pixels);
    else
        write_png(name, side, side, PNG_COLOR_TYPE_GRAY, 8, pixels);
}

static hone_rc read_picture(struct picture *p, const char *name, uint32_t channels, hone_error *err)
{
    const struct picture_options options = { channels, 0, 255 };
    return picture_read(p, path_to(name), &options, err);
}

/* ---- decoding ---- */
static void test_decodes_every_sort_of_png(void)
{
    static const struct {
        int type, depth, channels;
    } sorts[] = { { PNG_COLOR_TYPE_GRAY, 8, 1 },       { PNG_COLOR_TYPE_RGB, 8, 3 },
                  { PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2 }, { PNG_COLOR_TYPE_RGB_ALPHA, 8, 4 },
                  { PNG_COLOR_TYPE_GRAY, 16, 1 },      { PNG_COLOR_TYPE_RGB, 16, 3 } };
    enum { H = 5, W = 7 };
    hone_error err = HONE_ERROR_INIT;
    make_root();
    fill_noise(3);
    for (unsigned i = 0; i < sizeof sorts / sizeof *sorts; i++) {
        write_png("a.png", H, W, sorts[i].type, sorts[i].depth, noise);
        for (uint32_t channels = 1; channels <= 3; channels += 2) {
            struct picture p;
            CU_ASSERT_EQUAL_FATAL(read_picture(&p, "a.png", channels, &err), HONE_OK);
            CU_ASSERT(p.width == W && p.height == H && p.channels == channels);
            for (unsigned k = 0; k < H * W; k++) {
                double rgb[3], alpha = 1;
                const int colours = sorts[i].channels >= 3 ? 3 : 1, step = sorts[i].depth / 8;
                const uint8_t *at = noise + k * (unsigned)(sorts[i].channels * step);
                for (int c = 0; c < 3; c++) {
                    const int source = colours == 3 ? c : 0;
                    rgb[c] = step == 2 ? (at[2 * source] * 256 + at[2 * source + 1]) / 257.0 : at[source];
                }
                if (sorts[i].channels > colours)
                    alpha = at[colours] / 255.0;
                for (int c = 0; c < 3; c++)
                    rgb[c] = rgb[c] * alpha + 255 * (1 - alpha);
                for (int c = 0; c < 3 && channels == 3; c++)
                    CU_ASSERT(fabs(p.pixels[3 * k + (unsigned)c] - rgb[c]) <= 0.51);
                if (channels == 1)
                    CU_ASSERT(fabs(p.pixels[k] - (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])) <= 1.01);
            }
            picture_release(&p);
        }
    }
    for (unsigned k = 0; k < 4; k++)
        noise[k] = (uint8_t)(3 - k);
    struct picture p;
    write_png("p.png", 2, 2, PNG_COLOR_TYPE_PALETTE, 8, noise);
    CU_ASSERT_EQUAL_FATAL(read_picture(&p, "p.png", 3, &err), HONE_OK);
    CU_ASSERT(!memcmp(p.pixels, (const uint8_t[]){ 9, 90, 200, 0, 0, 255, 0, 255, 0, 255, 0, 0 }, 12));
    picture_release(&p);
    remove_root();
}

/* JPEG loses little at quality 100 where the picture is smooth; CMYK white and black come out as such. */
static void test_decodes_jpeg(void)
{
    enum { H = 24, W = 40 };
    static uint8_t pixels[H * W * 4];
    hone_error err = HONE_ERROR_INIT;
    struct picture p;
    make_root();
    for (unsigned y = 0; y < H; y++)
        for (unsigned x = 0; x < W; x++) {
            uint8_t *at = pixels + 3 * (y * W + x);
            at[0] = (uint8_t)(10 + 5 * x);
            at[1] = (uint8_t)(20 + 9 * y);
            at[2] = 128;
        }
    write_jpeg("a.jpg", H, W, 3, 100, pixels);
    CU_ASSERT_EQUAL_FATAL(read_picture(&p, "a.jpg", 3, &err), HONE_OK);
    CU_ASSERT(p.width == W && p.height == H);
    for (unsigned k = 0; k < H * W * 3; k++)
        CU_ASSERT(abs(p.pixels[k] - pixels[k]) <= 12);
    picture_release(&p);
    CU_ASSERT_EQUAL_FATAL(read_picture(&p, "a.jpg", 1, &err), HONE_OK);
    for (unsigned k = 0; k < H * W; k++)
        CU_ASSERT(fabs(p.pixels[k] - (0.299 * pixels[3 * k] + 0.587 * pixels[3 * k + 1] + 0.114 * pixels[3 * k + 2])) <=
                  4);
    picture_release(&p);
    /* a fraction of the size where a small side is asked for, never less than it */
    const struct picture_options small = { 3, 5, 255 };
    CU_ASSERT_EQUAL_FATAL(picture_read(&p, path_to("a.jpg"), &small, &err), HONE_OK);
    CU_ASSERT(p.height == 6 && p.width == 10);
    picture_release(&p);
    /* libjpeg marks CMYK files as Adobe's, whose ink is inverted: 255 is none */
    static const uint8_t inks[][4] = {
        { 255, 255, 255, 255 }, { 255, 255, 255, 0 }, { 0, 255, 255, 255 }, { 255, 100, 50, 128 }
    };
    static const int colours[][3] = { { 255, 255, 255 }, { 0, 0, 0 }, { 0, 255, 255 }, { 128, 50, 25 } };
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned k = 0; k < H * W; k++)
            memcpy(pixels + 4 * k, inks[i], 4);
        write_jpeg("k.jpg", H, W, 4, 100, pixels);
        CU_ASSERT_EQUAL_FATAL(read_picture(&p, "k.jpg", 3, &err), HONE_OK);
        for (unsigned k = 0; k < 3 * H * W; k++)
            CU_ASSERT(abs(p.pixels[k] - colours[i][k % 3]) <= 3);
        picture_release(&p);
    }
    remove_root();
}

/* The definition, in double precision: value(centre) = sum of triangle weights over all pixels, normalized. */
static double scaled(const struct picture *p, uint32_t side, uint32_t c, uint32_t y, uint32_t x)
{
    const uint32_t shorter = p->width < p->height ? p->width : p->height;
    const double scale = (double)shorter / side, reach = scale > 1 ? scale : 1;
    const double cy = (p->height - shorter) / 2 + (y + 0.5) * scale, cx = (p->width - shorter) / 2 + (x + 0.5) * scale;
    double sum = 0, weights = 0;
    for (uint32_t v = 0; v < p->height; v++)
        for (uint32_t u = 0; u < p->width; u++) {
            const double wy = 1 - fabs(v + 0.5 - cy) / reach, wx = 1 - fabs(u + 0.5 - cx) / reach;
            if (wy > 0 && wx > 0) {
                sum += wy * wx * p->pixels[(v * p->width + u) * p->channels + c];
                weights += wy * wx;
            }
        }
    return sum / weights;
}

static void test_scales_by_the_definition(void)
{
    static const uint32_t cases[][4] = { { 20, 30, 3, 8 },  { 31, 17, 1, 5 }, { 9, 9, 3, 9 },  { 10, 15, 1, 10 },
                                         { 7, 5, 3, 16 },   { 1, 40, 1, 3 },  { 40, 1, 3, 1 }, { 33, 32, 1, 31 },
                                         { 64, 50, 1, 49 }, { 2, 2, 1, 1 } };
    static uint8_t out[64 * 64 * 3];
    hone_error err = HONE_ERROR_INIT;
    fill_noise(9);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint32_t side = cases[i][3], channels = cases[i][2];
        const struct picture p = { cases[i][1], cases[i][0], channels, 0, noise };
        CU_ASSERT_EQUAL_FATAL(picture_fit(&p, side, out, &err), HONE_OK);
        for (uint32_t c = 0; c < channels; c++)
            for (uint32_t y = 0; y < side; y++)
                for (uint32_t x = 0; x < side; x++)
                    CU_ASSERT(fabs(out[(c * side + y) * side + x] - scaled(&p, side, c, y, x)) <= 0.501);
    }
}

static void refuse_picture(const char *name, const char *message)
{
    hone_error err = HONE_ERROR_INIT;
    struct picture p;
    CU_ASSERT(read_picture(&p, name, 3, &err) < 0);
    CU_ASSERT_PTR_NULL(p.pixels);
    if (!strstr(err.msg, message) || !strstr(err.msg, name)) {
        printf("#   wanted \"%s\" and \"%s\", got \"%s\"\n", message, name, err.msg);
        CU_FAIL("another message");
    }
}

/* Every cut of a PNG and a JPEG is refused by name; random damage is an error or a picture, never a crash. */
static void test_survives_broken_pictures(void)
{
    static uint8_t whole[16384], broken[16384];
    static const char *const names[] = { "x.png", "x.jpg" };
    hone_rng rng = hone_rng_at(11, 0);
    make_root();
    fill_noise(4);
    for (unsigned f = 0; f < 2; f++) {
        if (f)
            write_jpeg(names[f], 20, 25, 3, 80, noise);
        else
            write_png(names[f], 20, 25, PNG_COLOR_TYPE_RGB, 8, noise);
        const size_t n = read_bytes(names[f], whole, sizeof whole);
        for (size_t cut = 0; cut + 2 < n; cut += 1 + cut / 40) { /* a JPEG without its last marker is whole */
            write_bytes(names[f], whole, cut);
            refuse_picture(names[f], "");
        }
        for (unsigned round = 0; round < 600; round++) {
            hone_error err = HONE_ERROR_INIT;
            struct picture p;
            memcpy(broken, whole, n);
            for (unsigned k = 0; k < 1 + round % 5; k++)
                broken[hone_rng_below(&rng, round % 2 ? n : 200)] = (uint8_t)hone_rng_u32(&rng);
            write_bytes(names[f], broken, n);
            const hone_rc rc = read_picture(&p, names[f], f ? 3 : 1, &err);
            CU_ASSERT(rc == HONE_OK || (rc < 0 && strstr(err.msg, names[f])));
            picture_release(&p);
        }
    }
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < 64; i++)
            broken[i] = (uint8_t)hone_rng_u32(&rng);
        memcpy(broken, round % 2 ? "\x89PNG\r\n\x1a\n" : "\xff\xd8\xff\xe0", round % 2 ? 8 : 4);
        write_bytes("y.png", broken, 64);
        refuse_picture("y.png", "cannot read");
    }
    write_bytes("empty.jpg", "", 0);
    refuse_picture("empty.jpg", "it is empty");
    write_bytes("text.png", "hello, world", 12);
    refuse_picture("text.png", "neither PNG nor JPEG");
    refuse_picture("missing.png", "No such file");
    /* 2^31 - 1 pixels a side, in 45 bytes: refused before memory is taken */
    write_png("huge.png", 2, 2, PNG_COLOR_TYPE_GRAY, 8, noise);
    const size_t n = read_bytes("huge.png", whole, sizeof whole);
    memcpy(whole + 16, "\x00\x00\xff\xff\x00\x00\xff\xff", 8);
    const uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), whole + 12, 17);
    for (unsigned k = 0; k < 4; k++)
        whole[29 + k] = (uint8_t)(crc >> (24 - 8 * k));
    write_bytes("huge.png", whole, n);
    refuse_picture("huge.png", "65535 x 65535 pixels");
    remove_root();
}

/* ---- folders ---- */
static const hone_dataset_v1 *iface_of(const struct component *c)
{
    return c->component->iface;
}

static void refuse_folder(const char *key, const char *value, const char *message, const char *at)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_folder", 1, "directory", folder, key, value, NULL), HONE_OK);
    CU_ASSERT(iface_of(&c)->describe(c.self, &task, counts, &c.err) < 0);
    if (!strstr(c.err.msg, message) || strcmp(c.err.param, at) != 0) {
        printf("#   wanted \"%s\" at %s, got \"%s\" at %s\n", message, at, c.err.msg, c.err.param);
        CU_FAIL("another message");
    }
    component_close(&c);
}

static void test_reads_split_folders(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    uint8_t x[8 * 16];
    int32_t y[8];
    make_root();
    /* made in another order than that of their names */
    write_plain("train/zebra/b.png", 4, 201);
    write_plain("train/zebra/a.jpg", 4, 200);
    write_plain("train/\xc3\xa4"
                "ffin/\xe5\x83\x8f.png",
                4, 90); /* äffin/像.png sorts behind ASCII */
    write_plain("train/ape/2.PNG", 4, 11);
    write_plain("train/ape/10.png", 4, 10);
    write_plain("test/ape/1.png", 4, 12);
    write_plain("test/zebra/1.png", 4, 202);
    write_plain("validation/zebra/1.jpg", 4, 203);
    write_bytes("train/ape/notes.txt", "no picture", 10);
    write_bytes("train/.DS_Store", "x", 1);
    for (int streamed = 0; streamed < 2; streamed++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_folder", 1, "directory", folder, "color", "gray", "cache_limit",
                                             streamed ? "0" : "4G", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
        CU_ASSERT(task.n_outputs == 3 && task.dims[0] == 1 && task.dims[1] == 4 && task.dims[2] == 4 &&
                  task.dtype == HONE_U8);
        CU_ASSERT(counts[0] == 5 && counts[1] == 1 && counts[2] == 2);
        CU_ASSERT_STRING_EQUAL(task.classes[0], "ape");
        CU_ASSERT_STRING_EQUAL(task.classes[1], "zebra");
        CU_ASSERT_STRING_EQUAL(task.classes[2], "\xc3\xa4"
                                                "ffin");
        const uint64_t all[] = { 4, 3, 2, 1, 0 };
        CU_ASSERT_EQUAL_FATAL(iface_of(&c)->read(c.self, HONE_SPLIT_TRAIN, all, 5, x, y, NULL, &c.err), HONE_OK);
        static const int expected[] = { 90, 201, 200, 11, 10 }, classes[] = { 2, 1, 1, 0, 0 };
        for (unsigned i = 0; i < 5; i++) {
            CU_ASSERT_EQUAL(y[i], classes[i]);
            for (unsigned k = 0; k < 16; k++)
                CU_ASSERT(abs(x[16 * i + k] - expected[i]) <= 1);
        }
        y[0] = -1;
        CU_ASSERT_EQUAL(iface_of(&c)->read(c.self, HONE_SPLIT_TEST, all + 3, 2, NULL, y, NULL, &c.err),
                        HONE_OK); /* labels alone */
        CU_ASSERT(y[0] == 1 && y[1] == 0);
        CU_ASSERT_EQUAL(iface_of(&c)->read(c.self, HONE_SPLIT_TEST, all, 1, x, y, NULL, &c.err), HONE_ERANGE);
        hone_dataset_view view;
        const hone_rc rc = iface_of(&c)->view(c.self, HONE_SPLIT_VALIDATION, &view, &c.err);
        CU_ASSERT_EQUAL(rc, streamed ? HONE_ENOTSUP : HONE_OK);
        if (rc == HONE_OK)
            CU_ASSERT(view.n == 1 && view.labels[0] == 1 && abs(((const uint8_t *)view.inputs)[0] - 203) <= 1);
        component_close(&c);
    }
    write_plain("test/lion/1.png", 4, 1);
    refuse_folder("color", "gray", "test/lion is a class that the training folder does not have", "directory");
    remove_root();
}

static void test_draws_a_test_share_of_every_class(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    char name[64];
    uint64_t first = 0;
    make_root();
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "a/%02u.png", i);
        write_plain(name, 2, (uint8_t)i);
        snprintf(name, sizeof name, "b/%02u.png", i);
        if (i < 10)
            write_plain(name, 2, (uint8_t)(100 + i));
    }
    write_plain("c/only.png", 2, 250);
    for (unsigned round = 0; round < 3; round++) {
        unsigned seen[256] = { 0 }, per_class[3] = { 0 };
        uint64_t picked = 0;
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_folder", round, "directory", folder, "color", "gray", "test",
                                             "0.3", "test_seed", round == 2 ? "8" : "7", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
        CU_ASSERT(counts[0] == 14 + 7 + 1 && counts[1] == 0 && counts[2] == 6 + 3);
        for (uint32_t split = 0; split < HONE_SPLITS; split += 2) {
            hone_dataset_view view;
            CU_ASSERT_EQUAL_FATAL(iface_of(&c)->view(c.self, split, &view, &c.err), HONE_OK);
            for (uint64_t i = 0; i < view.n; i++) {
                const uint8_t value = ((const uint8_t *)view.inputs)[4 * i];
                CU_ASSERT_EQUAL(view.labels[i], value == 250 ? 2 : value >= 100);
                seen[value]++;
                if (split == HONE_SPLIT_TEST) {
                    per_class[view.labels[i]]++;
                    picked = picked * 31 + value;
                }
            }
        }
        for (unsigned i = 0; i < 20; i++)
            CU_ASSERT(seen[i] == 1 && seen[100 + i] == (i < 10));
        CU_ASSERT(per_class[0] == 6 && per_class[1] == 3 && per_class[2] == 0);
        if (round == 0)
            first = picked;
        CU_ASSERT_EQUAL(picked == first, round < 2); /* by test_seed, not by the instance's seed */
        component_close(&c);
    }
    remove_root();
}

static void test_scales_and_colours_a_folder(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view view;
    make_root();
    fill_noise(21);
    write_png("a/1.png", 30, 20, PNG_COLOR_TYPE_RGB, 8, noise);
    write_png("a/2.png", 6, 6, PNG_COLOR_TYPE_RGB, 8, noise);
    write_png("b/1.png", 8, 8, PNG_COLOR_TYPE_GRAY, 8, noise);
    refuse_folder("test", "0", "2.png has 6 x 6 pixels (height, width), others 30 x 20: give a size", "size");
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_folder", 1, "directory", folder, "size", "8", "test", "0", NULL),
                          HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
    CU_ASSERT(task.dims[0] == 3 && task.dims[1] == 8 && task.dims[2] == 8 && counts[0] == 3 && counts[2] == 0);
    CU_ASSERT_EQUAL_FATAL(iface_of(&c)->view(c.self, HONE_SPLIT_TRAIN, &view, &c.err), HONE_OK);
    const uint8_t *x = view.inputs;
    const struct picture p = { 20, 30, 3, 0, noise };
    for (uint32_t k = 0; k < 3 * 64; k++) {
        CU_ASSERT(fabs(x[k] - scaled(&p, 8, k / 64, k / 8 % 8, k % 8)) <= 0.501);
        CU_ASSERT_EQUAL(x[2 * 192 + k], noise[k % 64]); /* gray in three channels */
    }
    component_close(&c);
    remove_root();
}

static void test_refuses_or_skips_broken_pictures(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    uint8_t x[64];
    int32_t y[4];
    make_root();
    write_bytes("a/0.png", "\x89PNG\r\n\x1a\n junk", 13);
    write_plain("a/1.png", 4, 1);
    write_plain("b/1.png", 4, 2);
    write_bytes("b/2.jpg", "\xff\xd8\xff", 3);
    write_plain("b/3.png", 4, 3);
    refuse_folder("test", "0", "a/0.png", "directory");
    refuse_folder("size", "4", "cannot read", "directory"); /* either file, as the test split is drawn */
    for (int streamed = 0; streamed < 2; streamed++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_folder", 1, "directory", folder, "color", "gray", "broken",
                                             "skip", "test", "0", "cache_limit", streamed ? "0" : "1G", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
        CU_ASSERT_EQUAL(counts[0], 3);
        const uint64_t all[] = { 0, 1, 2 };
        CU_ASSERT_EQUAL(iface_of(&c)->read(c.self, HONE_SPLIT_TRAIN, all, 3, x, y, NULL, &c.err), HONE_OK);
        CU_ASSERT(x[0] == 1 && x[16] == 2 && x[32] == 3 && y[0] == 0 && y[1] == 1 && y[2] == 1);
        component_close(&c);
    }
    /* streamed and refusing: it is found when it is read */
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_folder", 1, "directory", folder, "color", "gray", "size", "4",
                                         "test", "0", "cache_limit", "0", NULL),
                          HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
    const uint64_t zero = 0;
    CU_ASSERT(iface_of(&c)->read(c.self, HONE_SPLIT_TRAIN, &zero, 1, x, y, NULL, &c.err) < 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(c.err.msg, "a/0.png"));
    component_close(&c);
    remove_root();
}

static void test_says_what_a_folder_lacks(void)
{
    make_root();
    refuse_folder("size", "4", "holds 0 folders: two classes or more", "directory");
    write_plain("a/1.png", 4, 1);
    refuse_folder("size", "4", "holds 1 folder: two classes or more", "directory");
    write_bytes("b/readme.txt", "x", 1);
    refuse_folder("size", "4", "b holds no PNG or JPEG file", "directory");
    refuse_folder("layout", "splits", "train: No such file", "directory");
    remove_root();
    refuse_folder("size", "4", "No such file", "directory");
}

/* ---- tiles ---- */
static void test_cuts_tiles(void)
{
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view view;
    enum { ROWS = 6, COLUMNS = 4, H = 3, W = 2 };
    uint8_t sheet[ROWS * H][COLUMNS * W];
    make_root();
    for (unsigned y = 0; y < ROWS * H; y++)
        for (unsigned x = 0; x < COLUMNS * W; x++)
            sheet[y][x] = (uint8_t)(10 * (y / H * COLUMNS + x / W) + y % H * W + x % W);
    write_png("s.png", ROWS * H, COLUMNS * W, PNG_COLOR_TYPE_GRAY, 8, &sheet[0][0]);
    for (int columns = 0; columns < 2; columns++) {
        unsigned seen[ROWS * COLUMNS] = { 0 };
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_tiles", 1, "file", path_to("s.png"), "tile", "3, 2",
                                             "n_classes", "2", "classes_by", columns ? "columns" : "rows", "test",
                                             "0.25", "classes", "left, right", NULL),
                              HONE_OK);
        CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
        CU_ASSERT(task.n_outputs == 2 && task.dims[0] == 1 && task.dims[1] == H && task.dims[2] == W);
        CU_ASSERT_STRING_EQUAL(task.classes[1], "right");
        CU_ASSERT(counts[0] == 18 && counts[1] == 0 && counts[2] == 6);
        for (uint32_t split = 0; split < HONE_SPLITS; split += 2) {
            CU_ASSERT_EQUAL_FATAL(iface_of(&c)->view(c.self, split, &view, &c.err), HONE_OK);
            for (uint64_t i = 0; i < view.n; i++) {
                const uint8_t *x = (const uint8_t *)view.inputs + i * H * W;
                const unsigned tile = x[0] / 10u;
                seen[tile]++;
                for (unsigned k = 0; k < H * W; k++)
                    CU_ASSERT_EQUAL(x[k], 10 * tile + k);
                CU_ASSERT_EQUAL(view.labels[i], columns ? tile % COLUMNS / 2 : tile / COLUMNS / 3);
            }
        }
        for (unsigned k = 0; k < ROWS * COLUMNS; k++)
            CU_ASSERT_EQUAL(seen[k], 1);
        component_close(&c);
    }
    static const struct {
        const char *key, *value, *message, *at;
    } wrong[] = { { "tile", "5", "18 x 8 pixels (height, width): tiles of 5 x 5 do not cover it evenly", "tile" },
                  { "tile", "1, 2, 3", "one number, or a height and a width", "tile" },
                  { "n_classes", "4", "6 rows of tiles, which 4 classes cannot share", "n_classes" },
                  { "classes", "one", "classes has 1 names, but n_classes is 2", "classes" },
                  { "file", "/nowhere.png", "cannot open /nowhere.png", "file" },
                  { "file", "/dev/null", "it is empty", "file" } };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_tiles", 1, "file", path_to("s.png"), "tile", "3, 2",
                                             "n_classes", "2", wrong[i].key, wrong[i].value, NULL),
                              HONE_OK);
        CU_ASSERT(iface_of(&c)->describe(c.self, &task, counts, &c.err) < 0);
        if (!strstr(c.err.msg, wrong[i].message) || strcmp(c.err.param, wrong[i].at) != 0) {
            printf("#   wanted \"%s\", got \"%s\" at %s\n", wrong[i].message, c.err.msg, c.err.param);
            CU_FAIL("another message");
        }
        component_close(&c);
    }
    remove_root();
}

static void test_reads_the_digits_of_opencv(void)
{
    static const char file[] = "/usr/share/doc/opencv-doc/examples/data/digits.png";
    struct component c;
    hone_task task;
    uint64_t counts[HONE_SPLITS];
    hone_dataset_view view;
    unsigned per_class[10] = { 0 };
    if (access(file, R_OK) != 0) {
        printf("#   %s is not here (package opencv-doc): nothing to read\n", file);
        return;
    }
    CU_ASSERT_EQUAL_FATAL(component_open(&c, "image_tiles", 1, "file", file, "tile", "20", NULL), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(iface_of(&c)->describe(c.self, &task, counts, &c.err), HONE_OK);
    CU_ASSERT(counts[0] == 4000 && counts[2] == 1000 && task.n_outputs == 10 && task.dims[1] == 20 &&
              task.dims[2] == 20);
    CU_ASSERT_EQUAL_FATAL(iface_of(&c)->view(c.self, HONE_SPLIT_TRAIN, &view, &c.err), HONE_OK);
    double middle[2] = { 0, 0 };
    for (uint64_t i = 0; i < view.n; i++) {
        const uint8_t *x = (const uint8_t *)view.inputs + 400 * i;
        per_class[view.labels[i]]++;
        if (view.labels[i] < 2)
            for (unsigned k = 0; k < 4; k++)
                middle[view.labels[i]] += x[(9 + k / 2) * 20 + 9 + k % 2];
    }
    for (unsigned k = 0; k < 10; k++)
        CU_ASSERT_EQUAL(per_class[k], 400);
    CU_ASSERT(middle[1] > 5 * middle[0]); /* zeros are hollow, ones are not */
    component_close(&c);
}

SUITE(TEST(test_decodes_every_sort_of_png), TEST(test_decodes_jpeg), TEST(test_scales_by_the_definition),
      TEST(test_survives_broken_pictures), TEST(test_reads_split_folders), TEST(test_draws_a_test_share_of_every_class),
      TEST(test_scales_and_colours_a_folder), TEST(test_refuses_or_skips_broken_pictures),
      TEST(test_says_what_a_folder_lacks), TEST(test_cuts_tiles), TEST(test_reads_the_digits_of_opencv))
