/* SPDX-License-Identifier: MIT */
/* Decoding PNG by libpng and JPEG by libjpeg-turbo. Both report errors by longjmp, which never leaves the two functions
 * that call setjmp; what they use lives in a struct of their caller, so that its values hold after the jump. */
#include "picture.h"

#include "hone/param.h"

#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after stdio.h */
#include <jpeglib.h>

#include <jerror.h>
#include <png.h>

enum { MAX_PIXELS = 1 << 26, SIGNATURE = 8, MESSAGE_BYTES = 160 };

struct decoding {
    FILE *in;
    const char *path;
    const struct picture_options *options;
    struct picture *picture;
    uint8_t *rows;     /* as decoded, where that is not what is wanted: one row of JPEG, the whole of a PNG */
    png_bytep *starts; /* (height) PNG */
    char message[MESSAGE_BYTES];
    hone_rc rc;
    jmp_buf jump;
};

static hone_rc allocate(struct decoding *d, uint64_t width, uint64_t height)
{
    struct picture *p = d->picture;
    if (!width || !height || width > MAX_PIXELS || height > MAX_PIXELS / width) {
        snprintf(d->message, sizeof d->message, "it has %llu x %llu pixels, more than the %d that are read",
                 (unsigned long long)width, (unsigned long long)height, MAX_PIXELS);
        return d->rc = HONE_ENOTSUP;
    }
    p->width = (uint32_t)width;
    p->height = (uint32_t)height;
    p->channels = d->options->channels;
    if (!(p->pixels = malloc((size_t)width * height * p->channels))) {
        snprintf(d->message, sizeof d->message, "out of memory for %llu x %llu pixels", (unsigned long long)width,
                 (unsigned long long)height);
        return d->rc = HONE_ENOMEM;
    }
    return HONE_OK;
}

/* 16-bit weights of 0.299, 0.587, 0.114, rounded */
static uint8_t luma(const uint8_t *rgb)
{
    return (uint8_t)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

static uint8_t over(uint32_t value, uint32_t alpha, uint32_t background)
{
    return (uint8_t)((value * alpha + background * (255 - alpha) + 127) / 255);
}

/* One row of n pixels with 1, 2 (gray, alpha), 3 or 4 (rgb, alpha) channels into gray or rgb. */
static void convert(const uint8_t *from, uint32_t channels, uint64_t n, uint32_t background, uint8_t *to,
                    uint32_t wanted)
{
    const uint32_t colours = channels >= 3 ? 3 : 1;
    for (uint64_t i = 0; i < n; i++, from += channels, to += wanted) {
        uint8_t c[3];
        for (uint32_t k = 0; k < 3; k++) {
            c[k] = from[colours == 3 ? k : 0];
            if (channels > colours)
                c[k] = over(c[k], from[colours], background);
        }
        if (wanted == 1)
            to[0] = colours == 1 ? c[0] : luma(c);
        else
            memcpy(to, c, 3);
    }
}

/* ---- PNG ---- */
static void png_failed(png_structp png, png_const_charp message)
{
    struct decoding *d = png_get_error_ptr(png);
    if (!*d->message)
        snprintf(d->message, sizeof d->message, "%s", message);
    longjmp(d->jump, 1);
}

static void png_warned(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message; /* odd text chunks, profiles: the pixels are whole */
}

static void png_decode(struct decoding *d, png_structp png, png_infop info)
{
    if (setjmp(d->jump)) {
        if (d->rc == HONE_OK)
            d->rc = HONE_EIO;
        return;
    }
    png_set_user_limits(png, MAX_PIXELS, MAX_PIXELS);
    png_init_io(png, d->in);
    png_set_sig_bytes(png, SIGNATURE);
    png_read_info(png, info);
    const uint32_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    png_set_expand(png); /* palettes, fewer than 8 bits, transparent colours */
    png_set_scale_16(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    const uint32_t channels = png_get_channels(png, info);
    if (allocate(d, width, height) != HONE_OK)
        return;
    const size_t row = png_get_rowbytes(png, info);
    d->rows = malloc(row * height);
    d->starts = malloc(height * sizeof *d->starts);
    if (!d->rows || !d->starts || row != (size_t)width * channels) {
        snprintf(d->message, sizeof d->message, "out of memory for %u x %u pixels", width, height);
        d->rc = HONE_ENOMEM;
        return;
    }
    for (uint32_t y = 0; y < height; y++)
        d->starts[y] = d->rows + y * row;
    png_read_image(png, d->starts);
    png_read_end(png, NULL);
    for (uint32_t y = 0; y < height; y++)
        convert(d->starts[y], channels, width, d->options->background,
                d->picture->pixels + (size_t)y * width * d->options->channels, d->options->channels);
}

static void read_png(struct decoding *d)
{
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, d, png_failed, png_warned);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info)
        png_decode(d, png, info);
    else
        d->rc = HONE_ENOMEM;
    png_destroy_read_struct(&png, &info, NULL);
}

/* ---- JPEG ---- */
static void jpeg_failed(j_common_ptr info)
{
    struct decoding *d = info->client_data;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    if (!*d->message)
        snprintf(d->message, sizeof d->message, "%.150s", text);
    longjmp(d->jump, 1);
}

/* Warnings that mean lost pixels are failures; libjpeg would fill the rest with gray. */
static void jpeg_warned(j_common_ptr info, int level)
{
    if (level >= 0)
        return;
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_BOGUS_PROGRESSION: jpeg_failed(info); break;
    default: break; /* bytes before a marker, an unknown Adobe transform: the pixels are whole */
    }
}

static void jpeg_silent(j_common_ptr info)
{
    (void)info;
}

/* Inverted CMYK, as Adobe writes it, to rgb in place at the front of the row. */
static void from_cmyk(uint8_t *row, uint32_t width, int inverted)
{
    for (uint32_t x = 0; x < width; x++)
        for (uint32_t k = 0; k < 3; k++) {
            const uint32_t c = row[4 * x + k], black = row[4 * x + 3];
            row[3 * x + k] = (uint8_t)((inverted ? c * black : (255 - c) * (255 - black)) / 255);
        }
}

static void jpeg_decode(struct decoding *d, struct jpeg_decompress_struct *jpeg)
{
    if (setjmp(d->jump)) {
        if (d->rc == HONE_OK)
            d->rc = HONE_EIO;
        return;
    }
    jpeg_create_decompress(jpeg);
    jpeg->client_data = d;
    jpeg_stdio_src(jpeg, d->in);
    jpeg_read_header(jpeg, TRUE);
    const int cmyk = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    const int gray = jpeg->jpeg_color_space == JCS_GRAYSCALE ||
                     (jpeg->jpeg_color_space == JCS_YCbCr && d->options->channels == 1);
    const uint32_t shorter = jpeg->image_width < jpeg->image_height ? jpeg->image_width : jpeg->image_height;
    jpeg->out_color_space = cmyk ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->scale_num = 8;
    jpeg->scale_denom = 8;
    while (d->options->least_side && jpeg->scale_num > 1 &&
           (uint64_t)shorter * (jpeg->scale_num / 2) / 8 >= d->options->least_side)
        jpeg->scale_num /= 2;
    /* the size is judged before libjpeg takes memory for it */
    if ((uint64_t)jpeg->image_width * jpeg->image_height > MAX_PIXELS) {
        allocate(d, jpeg->image_width, jpeg->image_height);
        return;
    }
    jpeg_start_decompress(jpeg);
    const uint32_t width = jpeg->output_width, channels = (uint32_t)jpeg->output_components;
    if (allocate(d, width, jpeg->output_height) != HONE_OK)
        return;
    if (!(d->rows = malloc((size_t)width * channels))) {
        d->rc = HONE_ENOMEM;
        return;
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *to = d->picture->pixels + (size_t)jpeg->output_scanline * width * d->options->channels;
        JSAMPROW row = d->rows;
        jpeg_read_scanlines(jpeg, &row, 1);
        if (cmyk)
            from_cmyk(d->rows, width, jpeg->saw_Adobe_marker);
        convert(d->rows, cmyk ? 3 : channels, width, d->options->background, to, d->options->channels);
    }
    jpeg_finish_decompress(jpeg);
}

static void read_jpeg(struct decoding *d)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    memset(&jpeg, 0, sizeof jpeg);
    jpeg.err = jpeg_std_error(&errors);
    jpeg.client_data = d;
    errors.error_exit = jpeg_failed;
    errors.emit_message = jpeg_warned;
    errors.output_message = jpeg_silent;
    jpeg_decode(d, &jpeg);
    jpeg_destroy_decompress(&jpeg);
}

/* ---- both ---- */
hone_rc picture_read(struct picture *picture, const char *path, const struct picture_options *options, hone_error *err)
{
    static const uint8_t png_start[SIGNATURE] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
    struct decoding d = { .path = path, .options = options, .picture = picture };
    uint8_t start[SIGNATURE];
    memset(picture, 0, sizeof *picture);
    if (!(d.in = fopen(path, "rb")))
        return hone_fail(err, HONE_EIO, "", "cannot open %.180s: %s", path, strerror(errno));
    const size_t n = fread(start, 1, SIGNATURE, d.in);
    if (n == SIGNATURE && !memcmp(start, png_start, SIGNATURE))
        read_png(&d);
    else if (n >= 3 && start[0] == 0xff && start[1] == 0xd8 && start[2] == 0xff) {
        rewind(d.in);
        read_jpeg(&d);
    } else {
        d.rc = n ? HONE_ENOTSUP : HONE_EIO;
        snprintf(d.message, sizeof d.message, "%s", n ? "it is neither PNG nor JPEG" : "it is empty");
    }
    fclose(d.in);
    free(d.rows);
    free(d.starts);
    if (d.rc == HONE_OK)
        return HONE_OK;
    picture_release(picture);
    return hone_fail(err, d.rc, "", "cannot read %.150s: %.90s", path, *d.message ? d.message : "out of memory");
}

void picture_release(struct picture *picture)
{
    free(picture->pixels);
    memset(picture, 0, sizeof *picture);
}
