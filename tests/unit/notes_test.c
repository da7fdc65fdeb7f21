/* SPDX-License-Identifier: MIT */
/* Tests of hone/notes.h against what was put in. */
#include "fake_host.h"
#include "harness.h"
#include "hone/notes.h"

struct note {
    uint64_t trial, slot;
};
enum { WIDTH = 3 };

static void add(hone_notes *notes, uint64_t trial)
{
    const struct note note = { trial, 10 * trial };
    const double row[WIDTH] = { (double)trial, 0.5, -(double)trial };
    hone_error err = HONE_ERROR_INIT;
    CU_ASSERT_EQUAL(hone_notes_add(notes, &note, row, &err), HONE_OK);
}

static int takes(hone_notes *notes, uint64_t trial)
{
    struct note note = { 0, 0 };
    double row[WIDTH] = { 0, 0, 0 };
    if (!hone_notes_take(notes, trial, &note, row))
        return 0;
    CU_ASSERT(note.trial == trial && note.slot == 10 * trial);
    CU_ASSERT(row[0] == (double)trial && row[1] == 0.5 && row[2] == -(double)trial);
    return 1;
}

static void test_gives_back_what_it_was_given_once(void)
{
    hone_notes notes = hone_notes_of(sizeof(struct note), WIDTH);
    for (uint64_t t = 0; t < 100; t++)
        add(&notes, t);
    CU_ASSERT_EQUAL(notes.n, 100);
    CU_ASSERT(!takes(&notes, 100));
    for (uint64_t t = 0; t < 100; t += 3)
        CU_ASSERT(takes(&notes, t) && !takes(&notes, t));
    CU_ASSERT(hone_notes_take(&notes, 1, NULL, NULL) && !takes(&notes, 1));
    for (uint64_t t = 99; t > 1; t--)
        CU_ASSERT_EQUAL(takes(&notes, t), t % 3 != 0);
    CU_ASSERT_EQUAL(notes.n, 0);
    hone_notes_release(&notes);
    add(&notes, 7); /* as new */
    CU_ASSERT(takes(&notes, 7));
    hone_notes_release(&notes);
}

static void test_is_saved_and_loaded(void)
{
    hone_notes notes = hone_notes_of(sizeof(struct note), WIDTH), other = notes;
    static fake_bytes bytes;
    const hone_ostream out = { &bytes, fake_write_ };
    const hone_istream in = { &bytes, fake_read_ };
    hone_error err = HONE_ERROR_INIT;
    for (uint64_t t = 0; t < 20; t++)
        add(&notes, t);
    CU_ASSERT_EQUAL(hone_notes_save(&notes, &out, &err), HONE_OK);
    CU_ASSERT_EQUAL(bytes.n, 20 * (sizeof(struct note) + WIDTH * sizeof(double)));
    add(&other, 50);
    CU_ASSERT_EQUAL(hone_notes_load(&other, 20, &in, &err), HONE_OK);
    CU_ASSERT(other.n == 20 && !takes(&other, 50));
    for (uint64_t t = 0; t < 20; t++)
        CU_ASSERT(takes(&other, t));
    bytes.at = 0; /* fewer bytes than it should be, more notes than anyone has */
    CU_ASSERT_EQUAL(hone_notes_load(&other, 21, &in, &err), HONE_EINVAL);
    CU_ASSERT_EQUAL(other.n, 0);
    CU_ASSERT_EQUAL(hone_notes_load(&other, UINT64_MAX, &in, &err), HONE_EINVAL);
    hone_notes_release(&notes);
    hone_notes_release(&other);
}

SUITE(TEST(test_gives_back_what_it_was_given_once), TEST(test_is_saved_and_loaded))
