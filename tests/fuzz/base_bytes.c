/* base_bytes.c -- fuzzer: whatever the bytes, buffers, UTF-8, base64 and JSON
 * stay inside them and agree with their inverses.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"

#define MUST(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            abort();                                                                               \
    } while (0)

/* The first byte of the rest chooses what is read next. */
static void read_as_wire(const uint8_t *data, size_t size)
{
    struct buf b = buf_wrap(data, size), copy;
    buf_init(&copy, 1 << 20);
    uint8_t kind;
    while (buf_get_u8(&b, &kind) == 0) {
        const uint8_t *p;
        size_t n, before = buf_len(&b);
        uint32_t u32;
        uint64_t u64;
        int err;
        if (kind % 4 == 0) {
            err = buf_get_string(&b, &p, &n);
            if (!err)
                MUST(buf_put_string(&copy, p, n) == 0);
        } else if (kind % 4 == 1) {
            err = buf_get_mpint(&b, &p, &n);
            if (!err) {
                MUST(buf_put_mpint(&copy, p, n) == 0);
                MUST(!n || *p);
            }
        } else if (kind % 4 == 2) {
            err = buf_get_u32(&b, &u32);
        } else {
            err = buf_get_u64(&b, &u64);
        }
        if (err) {
            MUST(buf_len(&b) == before);
            break;
        }
    }
    buf_done(&copy);
}

static void read_as_text(const char *s, size_t n)
{
    struct arena_budget budget = {.max = 16 << 20};
    struct arena *a = arena_new(&budget, 0);
    MUST(a != NULL);
    size_t at = 0;
    bool valid = true;
    while (at < n) {
        uint32_t rune;
        char back[4];
        size_t len = utf8_decode(s + at, n - at, &rune);
        if (len) {
            MUST(utf8_encode(rune, back) == len && memcmp(back, s + at, len) == 0);
            MUST(utf8_width(rune) >= 0 && utf8_width(rune) <= 2);
        }
        valid = valid && len;
        at += len ? len : 1;
    }
    MUST(valid == utf8_valid(s, n));
    struct str json;
    str_init(&json, a);
    json_str(&json, s, n);
    MUST(utf8_valid(json.s, json.n));

    uint8_t *bytes = arena_alloc(a, 3 * (n / 4) + 3);
    char *text = arena_alloc(a, 4 * ((n + 2) / 3) + 1);
    size_t len;
    if (base64_decode(bytes, &len, s, n) == 0) {
        MUST(base64_encode(text, bytes, len) == n);
        MUST(memcmp(text, s, n) == 0);
    }
    base64_encode(text, s, n);

    char *pattern = arena_memdup(a, s, n / 2), *subject = arena_memdup(a, s + n / 2, n - n / 2);
    if (hex_decode(bytes, s, n / 2) == 0) {
        hex_encode(text, bytes, n / 2);
        text[n / 2] = 0;
        MUST(str_eqi(text, pattern));
    }
    str_match(pattern, subject);
    int64_t number;
    if (str_int(pattern, -1000, 1000, &number) == 0)
        MUST(number >= -1000 && number <= 1000);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_as_wire(data, size);
    read_as_text((const char *)data, size);
    return 0;
}
