/* SPDX-License-Identifier: MIT */
/* Frames: what goes in comes out; what was cut, changed or invented does not. */
#include "harness.h"

#include "hone/param.h"
#include "hone/rng.h"
#include "worker/decode.h"
#include "worker/wire.h"

#include <math.h>

static void report_frame(struct text *out)
{
    wire_begin(out, WIRE_REPORT);
    wire_u64(out, UINT64_MAX - 6);
    wire_u32(out, 3);
    wire_string(out, "validation.loss");
    wire_f64(out, -0.1);
    wire_u32(out, 1);
    wire_string(out, "");
    wire_f64(out, (double)NAN);
    wire_u32(out, 2);
    wire_string(out, NULL);
    wire_f64(out, HUGE_VAL);
    wire_u32(out, 0);
    CU_ASSERT_EQUAL(wire_end(out, NULL), HONE_OK);
}

static void test_round_trip(void)
{
    struct text out = TEXT_INIT;
    struct wire_frame frame;
    struct decoded decoded;
    struct crew_event event = { 0 };
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL_FATAL(decoded_init(&decoded), 0);
    report_frame(&out);
    CU_ASSERT_EQUAL(wire_parse((const uint8_t *)out.data, out.length, &frame, &err), (int64_t)out.length);
    CU_ASSERT_EQUAL(frame.type, WIRE_REPORT);
    CU_ASSERT_EQUAL(wire_get_u64(&frame), UINT64_MAX - 6);
    CU_ASSERT_EQUAL(decode_values(&decoded, &frame, &event, &err), HONE_OK);
    CU_ASSERT_EQUAL_FATAL(event.n_values, 3);
    CU_ASSERT_STRING_EQUAL(event.values[0].name, "validation.loss");
    CU_ASSERT_EQUAL(event.values[0].value, -0.1);
    CU_ASSERT_EQUAL(event.values[0].direction, 1);
    CU_ASSERT_STRING_EQUAL(event.values[1].name, "");
    CU_ASSERT(isnan(event.values[1].value));
    CU_ASSERT_STRING_EQUAL(event.values[2].name, ""); /* nobody stumbles over a NULL name */
    CU_ASSERT(isinf(event.values[2].value));
    CU_ASSERT_PTR_EQUAL(frame.at, frame.end);
    CU_ASSERT_EQUAL(frame.failed, 0);
    wire_get_u32(&frame); /* past the end */
    CU_ASSERT_EQUAL(frame.failed, 1);
    text_clear(&out);
    wire_begin(&out, WIRE_LOG);
    wire_string(&out, NULL);
    wire_string(&out, "");
    CU_ASSERT_EQUAL(wire_end(&out, &err), HONE_OK);
    CU_ASSERT(wire_parse((const uint8_t *)out.data, out.length, &frame, &err) > 0);
    CU_ASSERT_PTR_NULL(wire_get_string(&frame));
    CU_ASSERT_STRING_EQUAL(wire_get_string(&frame), "");
    decoded_release(&decoded);
    text_release(&out);
}

static void test_two_frames_in_a_row(void)
{
    struct text out = TEXT_INIT, both = TEXT_INIT;
    struct wire_frame frame;
    report_frame(&out);
    text_add_bytes(&both, out.data, out.length);
    wire_begin(&out, WIRE_OUTCOME);
    CU_ASSERT_EQUAL(wire_end(&out, NULL), HONE_OK);
    text_add_bytes(&both, out.data, out.length);
    const int64_t first = wire_parse((const uint8_t *)both.data, both.length, &frame, NULL);
    CU_ASSERT_EQUAL_FATAL(first, (int64_t)(both.length - out.length));
    CU_ASSERT_EQUAL(wire_parse((const uint8_t *)both.data + first, out.length, &frame, NULL), (int64_t)out.length);
    CU_ASSERT_EQUAL(frame.type, WIRE_OUTCOME);
    CU_ASSERT_PTR_EQUAL(frame.at, frame.end);
    text_release(&out);
    text_release(&both);
}

/* Every beginning is "not whole yet"; every changed byte of what is checked is noticed. The block has no byte more than told. */
static void test_cut_and_changed(void)
{
    struct text out = TEXT_INIT;
    struct wire_frame frame;
    hone_error err = HONE_ERROR_INIT;
    report_frame(&out);
    for (size_t n = 0; n < out.length; n++) {
        uint8_t *cut = malloc(n ? n : 1);
        memcpy(cut, out.data, n);
        CU_ASSERT_EQUAL(wire_parse(cut, n, &frame, &err), 0);
        free(cut);
    }
    for (size_t i = 0; i < out.length; i++)
        for (int bit = 0; bit < 8; bit++) {
            if (i >= 5 && i < 8)
                continue; /* the type, which the receiver looks at, and two bytes of padding */
            out.data[i] = (char)(out.data[i] ^ 1 << bit);
            CU_ASSERT(wire_parse((const uint8_t *)out.data, out.length, &frame, &err) <= 0);
            out.data[i] = (char)(out.data[i] ^ 1 << bit);
        }
    out.data[4]++;
    CU_ASSERT(wire_parse((const uint8_t *)out.data, out.length, &frame, &err) < 0);
    char both[64];
    snprintf(both, sizeof both, "protocol %d, this one %d", WIRE_VERSION + 1, WIRE_VERSION);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, both));
    text_release(&out);
}

static void test_too_long(void)
{
    struct text out = TEXT_INIT;
    hone_error err = HONE_ERROR_INIT;
    char *long_text = malloc(WIRE_MAX_FRAME + 1);
    memset(long_text, 'x', WIRE_MAX_FRAME);
    long_text[WIRE_MAX_FRAME] = '\0';
    wire_begin(&out, WIRE_ATTACHMENT);
    wire_string(&out, long_text);
    CU_ASSERT_EQUAL(wire_end(&out, &err), HONE_EINVAL);
    free(long_text);
    text_release(&out);
}

/* Fields of random bytes, taken in random order and as lists: nothing is read outside (the sanitizers watch). */
static void test_invented_payloads(void)
{
    struct decoded decoded;
    CU_ASSERT_EQUAL_FATAL(decoded_init(&decoded), 0);
    for (uint64_t seed = 0; seed < 30000; seed++) {
        hone_rng rng = hone_rng_at(seed, 1);
        const size_t n = (size_t)hone_rng_below(&rng, 80);
        uint8_t *bytes = malloc(n ? n : 1);
        struct crew_event event = { 0 };
        hone_error err = HONE_ERROR_INIT;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(hone_rng_below(&rng, 3) ? hone_rng_below(&rng, 6) : hone_rng_below(&rng, 256));
        struct wire_frame frame = { .type = WIRE_REPORT, .at = bytes, .end = bytes + n };
        switch (seed % 3) {
        case 0: decode_values(&decoded, &frame, &event, &err); break;
        case 1: decode_description(&decoded, &frame, &err); break;
        default:
            while (!frame.failed && frame.at < frame.end) {
                const char *s = hone_rng_below(&rng, 2) ? wire_get_string(&frame) : wire_get_name(&frame);
                if (s)
                    CU_ASSERT(strlen(s) < 80);
                if (hone_rng_below(&rng, 2))
                    wire_get_f64(&frame);
            }
        }
        CU_ASSERT(frame.at <= frame.end);
        CU_ASSERT(event.n_values <= WIRE_MAX_VALUES || err.code == HONE_EIO);
        struct wire_frame whole;
        CU_ASSERT(wire_parse(bytes, n, &whole, &err) <= 0);
        free(bytes);
    }
    decoded_release(&decoded);
}

SUITE(TEST(test_round_trip), TEST(test_two_frames_in_a_row), TEST(test_cut_and_changed), TEST(test_too_long),
      TEST(test_invented_payloads))
