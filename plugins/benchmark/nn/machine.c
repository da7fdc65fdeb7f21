/* SPDX-License-Identifier: MIT */
/* What this machine can do at best, its clocks, and the memory of this process. */
#include "bench.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/syscall.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

static double clock_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double wall_seconds(void)
{
    return clock_of(CLOCK_MONOTONIC);
}

double cpu_seconds(void)
{
    return clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* ---- peak: ten independent sums hide the latency of a multiply-add, which is four cycles, on two units ---- */
#if defined(__x86_64__)
enum { SUMS = 10, ROUNDS = 100000 };

#ifdef __clang__
#define UNROLLED
#else
#define UNROLLED __attribute__((optimize("O3"))) /* gcc keeps the sums in registers only then */
#endif
#define SUM_UP(vector, zero, add)      \
    vector sums[SUMS];                 \
    for (int i = 0; i < SUMS; i++)     \
        sums[i] = zero;                \
    for (int r = 0; r < ROUNDS; r++)   \
        for (int i = 0; i < SUMS; i++) \
            sums[i] = add;             \
    for (int i = 1; i < SUMS; i++)     \
        sums[0] = sums[0] + sums[i];   \
    memcpy(out, &sums[0], sizeof sums[0]);

__attribute__((target("avx2,fma"))) UNROLLED static double fma_avx2(float out[16], float x)
{
    const __m256 a = _mm256_set1_ps(x);
    SUM_UP(__m256, _mm256_setzero_ps(), _mm256_fmadd_ps(a, a, sums[i]))
    return 2.0 * 8 * SUMS * ROUNDS;
}

__attribute__((target("avx512f"))) UNROLLED static double fma_avx512(float out[16], float x)
{
    const __m512 a = _mm512_set1_ps(x);
    SUM_UP(__m512, _mm512_setzero_ps(), _mm512_fmadd_ps(a, a, sums[i]))
    return 2.0 * 16 * SUMS * ROUNDS;
}

__attribute__((target("avx512f,avx512bf16"))) UNROLLED static double dot_bfloat16(float out[16], float x)
{
    const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(x), _mm512_set1_ps(x));
    SUM_UP(__m512, _mm512_setzero_ps(), _mm512_dpbf16_ps(sums[i], a, a))
    return 2.0 * 32 * SUMS * ROUNDS;
}

/* The matrix tiles of AMX, for which Linux wants to be asked: four tiles of sums hide the latency. */
static bool has_tiles(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18, AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24 };
    unsigned a, b, c, d = 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & AMX_BF16) && (d & AMX_TILE) &&
           syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

__attribute__((target("amx-tile,amx-bf16"))) static double dot_tiles(float out[16], float x)
{
    enum { TILE = 16, ROW_BYTES = 64, TILE_SUMS = 4 };
    struct {
        uint8_t palette, start, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config = { .palette = 1 };
    float sums[TILE * TILE];
    for (int i = 0; i < 8; i++) {
        config.bytes[i] = ROW_BYTES;
        config.rows[i] = TILE;
    }
    (void)x; /* zeros take as long */
    _tile_loadconfig(&config);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_zero(4);
    _tile_zero(5);
    const int rounds = ROUNDS / 10;
    for (int r = 0; r < rounds; r++) {
        _tile_dpbf16ps(0, 4, 5);
        _tile_dpbf16ps(1, 4, 5);
        _tile_dpbf16ps(2, 4, 5);
        _tile_dpbf16ps(3, 4, 5);
    }
    _tile_stored(0, sums, ROW_BYTES);
    _tile_release();
    memcpy(out, sums, 16 * sizeof *out);
    return 2.0 * TILE * TILE * 2 * TILE * TILE_SUMS * rounds;
}

static double (*kernel_of(uint32_t precision))(float *, float)
{
    if (precision == HONE_BFLOAT16 && has_tiles())
        return dot_tiles;
    if (precision == HONE_BFLOAT16)
        return __builtin_cpu_supports("avx512bf16") ? dot_bfloat16 : NULL;
    if (__builtin_cpu_supports("avx512f"))
        return fma_avx512;
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? fma_avx2 : NULL;
}
#else
static double (*kernel_of(uint32_t precision))(float *, float)
{
    (void)precision;
    return NULL; /* of other processors nothing is known here: no share is printed */
}
#endif

/* A neighbour on the same core (a second thread of the hardware, a guest of the same machine) takes up to half of it for as long
 * as it works: bursts apart from each other, of which the best one counts. */
double core_peak(uint32_t precision, int bursts)
{
    enum { RUNS = 20 };
    double (*kernel)(float *, float) = kernel_of(precision);
    const struct timespec pause = { 0, 20000000 };
    float out[16];
    double best = 0;
    for (int i = 0; kernel && i < bursts * RUNS; i++) {
        if (i && i % RUNS == 0)
            (void)nanosleep(&pause, NULL);
        const double start = clock_of(CLOCK_THREAD_CPUTIME_ID), operations = kernel(out, 0.5f);
        const double rate = operations / (clock_of(CLOCK_THREAD_CPUTIME_ID) - start);
        best = rate > best ? rate : best;
    }
    return best;
}

/* ---- memory ---- */
/* A line of /proc/self/status in bytes; 0: not to be had. */
static uint64_t status_bytes(const char *key)
{
    char text[4096];
    const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    const char *at;
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

uint64_t memory_begin(void)
{
    const int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    malloc_trim(0);
    if (fd >= 0) {
        if (write(fd, "5", 1) != 1) /* the peak stays that of an earlier network: too much, never too little */
            (void)fd;
        close(fd);
    }
    return status_bytes("VmRSS:");
}

uint64_t memory_peak(void)
{
    return status_bytes("VmHWM:");
}
