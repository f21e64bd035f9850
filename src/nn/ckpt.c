/* ckpt.c -- safetensors files: written in one pass, read without trust.
 *
 * The CRC covers the whole file. It stands in the header as eight hexadecimal
 * digits, which count as zeros while it is computed.
 *
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "nn/ckpt.h"
#include "base/json.h"
#include "base/str.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { TENSORS_MAX = 64, CRC_DIGITS = 8 };
#define CRC_KEY "\"crc32\":\""

struct nn_ckpt {
    cJSON *json;
    const cJSON *meta;
    size_t count;
    struct nn_ckpt_tensor tensors[TENSORS_MAX];
};

static const struct {
    const char *name;
    size_t bytes;
} dtypes[NN_DTYPES] = {
    [NN_F32] = {"F32", 4}, [NN_F64] = {"F64", 8}, [NN_U8] = {"U8", 1},
    [NN_U32] = {"U32", 4}, [NN_I64] = {"I64", 8},
};

static size_t tensor_count(const struct nn_ckpt_tensor *t)
{
    return t->cols ? t->rows * t->cols : t->rows;
}

size_t nn_ckpt_bytes(const struct nn_ckpt_tensor *t)
{
    return tensor_count(t) * dtypes[t->type].bytes;
}

/* Padded with spaces so that the data is aligned to 8. */
static void header_write(struct str *s, const struct nn_ckpt_tensor *t, size_t n_t,
                         const struct nn_ckpt_meta *m, size_t n_m)
{
    size_t at = 0;
    char version[16];
    str_fmt(version, sizeof version, "%d", NN_CKPT_VERSION);
    json_open(s, '{');
    json_key(s, "__metadata__");
    json_open(s, '{');
    json_key(s, "crc32");
    json_cstr(s, "00000000");
    json_key(s, "format");
    json_cstr(s, "qrassh");
    json_key(s, "version");
    json_cstr(s, version);
    for (size_t i = 0; i < n_m; i++) {
        json_key(s, m[i].key);
        json_cstr(s, m[i].value);
    }
    json_close(s, '}');
    for (size_t i = 0; i < n_t; i++) {
        json_key(s, t[i].name);
        json_open(s, '{');
        json_key(s, "dtype");
        json_cstr(s, dtypes[t[i].type].name);
        json_key(s, "shape");
        json_open(s, '[');
        json_int(s, (int64_t)t[i].rows);
        if (t[i].cols)
            json_int(s, (int64_t)t[i].cols);
        json_close(s, ']');
        json_key(s, "data_offsets");
        json_open(s, '[');
        json_int(s, (int64_t)at);
        at += nn_ckpt_bytes(&t[i]);
        json_int(s, (int64_t)at);
        json_close(s, ']');
        json_close(s, '}');
    }
    json_close(s, '}');
    str_fill(s, ' ', (8 - s->n % 8) % 8);
}

static int put_all(struct buf *out, const struct str *head, const struct nn_ckpt_tensor *t,
                   size_t n_t)
{
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)((uint64_t)head->n >> (8 * i));
    int rc = buf_put(out, length, sizeof length);
    if (rc == 0)
        rc = buf_put(out, head->s, head->n);
    for (size_t i = 0; rc == 0 && i < n_t; i++)
        rc = buf_put(out, t[i].data, nn_ckpt_bytes(&t[i]));
    return rc;
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uLong crc = crc32(0, NULL, 0);
    for (size_t at = 0; at < n;) { /* zlib counts in 32 bits */
        const size_t piece = n - at < (1u << 30) ? n - at : 1u << 30;
        crc = crc32(crc, p + at, (uInt)piece);
        at += piece;
    }
    return (uint32_t)crc;
}

int nn_ckpt_write(struct buf *out, const struct nn_ckpt_tensor *t, size_t n_t,
                  const struct nn_ckpt_meta *m, size_t n_m)
{
    struct arena_budget budget = {.max = NN_CKPT_HEADER_MAX};
    struct arena *a = arena_new(&budget, 16384);
    if (!a)
        return ERR_NOMEM;
    if (n_t > TENSORS_MAX) {
        arena_free(a);
        return ERR_LIMIT;
    }
    struct str head;
    str_init(&head, a);
    header_write(&head, t, n_t, m, n_m);
    const size_t before = buf_len(out);
    int rc = head.bad ? ERR_LIMIT : put_all(out, &head, t, n_t);
    if (rc == 0) {
        uint8_t *whole = buf_mut(out) + before;
        char *digits = strstr((char *)whole + 8, CRC_KEY) + strlen(CRC_KEY);
        char text[CRC_DIGITS + 1];
        str_fmt(text, sizeof text, "%08x", crc_of(whole, buf_len(out) - before));
        memcpy(digits, text, CRC_DIGITS);
    } else {
        buf_trim(out, buf_len(out) - before);
    }
    arena_free(a);
    return rc;
}

static int refuse(char *why, size_t n, const char *text)
{
    str_copy(why, n, text);
    return ERR_FORMAT;
}

/* The whole-file CRC, with its own digits as zeros. */
static bool crc_right(const uint8_t *mem, size_t n, size_t head_n)
{
    static const char zeros[CRC_DIGITS + 1] = "00000000";
    const char *key = memmem(mem + 8, head_n, CRC_KEY, strlen(CRC_KEY));
    if (!key)
        return false;
    const size_t at = (size_t)(key - (const char *)mem) + strlen(CRC_KEY);
    if (at + CRC_DIGITS > 8 + head_n)
        return false;
    uLong crc = crc32(crc32(0, NULL, 0), mem, (uInt)at);
    crc = crc32(crc, (const Bytef *)zeros, CRC_DIGITS);
    crc = crc32(crc, mem + at + CRC_DIGITS, (uInt)(n - at - CRC_DIGITS));
    char text[CRC_DIGITS + 1];
    str_fmt(text, sizeof text, "%08lx", crc);
    return memcmp(text, mem + at, CRC_DIGITS) == 0;
}

/* A whole number from 0 to max, or -1. */
static int64_t json_whole(const cJSON *v, size_t max)
{
    if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) || v->valuedouble > (double)max)
        return -1;
    const int64_t whole = (int64_t)v->valuedouble;
    return (double)whole == v->valuedouble ? whole : -1;
}

static bool tensor_read(const cJSON *v, const uint8_t *data, size_t data_n,
                        struct nn_ckpt_tensor *t)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(v, "dtype");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(v, "shape");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(v, "data_offsets");
    const int rank = cJSON_GetArraySize(shape);
    if (!cJSON_IsString(dtype) || !cJSON_IsArray(shape) || rank < 1 || rank > 2 ||
        !cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2)
        return false;
    int type = 0;
    while (type < NN_DTYPES && strcmp(dtypes[type].name, dtype->valuestring) != 0)
        type++;
    const int64_t rows = json_whole(cJSON_GetArrayItem(shape, 0), NN_CKPT_MAX);
    const int64_t cols = rank == 2 ? json_whole(cJSON_GetArrayItem(shape, 1), NN_CKPT_MAX) : 0;
    const int64_t from = json_whole(cJSON_GetArrayItem(offsets, 0), data_n);
    const int64_t to = json_whole(cJSON_GetArrayItem(offsets, 1), data_n);
    if (type == NN_DTYPES || rows < 0 || cols < 0 || (rank == 2 && cols == 0) || from < 0 ||
        to < from)
        return false;
    *t = (struct nn_ckpt_tensor){v->string, (enum nn_dtype)type, (size_t)rows, (size_t)cols,
                                 data + from};
    return nn_ckpt_bytes(t) == (size_t)(to - from);
}

static int header_read(struct nn_ckpt *c, const uint8_t *data, size_t data_n, char *why,
                       size_t why_n)
{
    c->meta = cJSON_GetObjectItemCaseSensitive(c->json, "__metadata__");
    const char *format = nn_ckpt_get(c, "format"), *version = nn_ckpt_get(c, "version");
    if (!format || strcmp(format, "qrassh") != 0)
        return refuse(why, why_n, "not a checkpoint of this program");
    int64_t number = 0;
    if (!version || str_int(version, 0, 1000000, &number) != 0 || number != NN_CKPT_VERSION) {
        str_fmt(why, why_n, "checkpoint version %s, this program reads version %d",
                version ? version : "(none)", NN_CKPT_VERSION);
        return ERR_VERSION;
    }
    const cJSON *v;
    cJSON_ArrayForEach(v, c->json)
    {
        if (v == c->meta)
            continue;
        if (c->count == TENSORS_MAX || !tensor_read(v, data, data_n, &c->tensors[c->count]))
            return refuse(why, why_n, "a tensor's description is malformed");
        c->count++;
    }
    return 0;
}

int nn_ckpt_open(const void *mem, size_t n, struct nn_ckpt **out, char *why, size_t why_n)
{
    const uint8_t *p = mem;
    uint64_t head_n = 0;
    if (n < 10)
        return refuse(why, why_n, "too short to be a checkpoint");
    for (int i = 0; i < 8; i++)
        head_n |= (uint64_t)p[i] << (8 * i);
    if (head_n > NN_CKPT_HEADER_MAX || head_n > n - 8 || n > NN_CKPT_MAX)
        return refuse(why, why_n, "not a safetensors file, or cut off");
    struct nn_ckpt *c = x_calloc(1, sizeof *c);
    if (!c)
        return ERR_NOMEM;
    c->json = cJSON_ParseWithLength((const char *)p + 8, head_n);
    int rc = 0;
    if (!cJSON_IsObject(c->json))
        rc = refuse(why, why_n, "the header is not JSON");
    if (rc == 0)
        rc = header_read(c, p + 8 + head_n, n - 8 - head_n, why, why_n);
    if (rc == 0 && !crc_right(p, n, head_n))
        rc = refuse(why, why_n, "damaged: the checksum is wrong");
    if (rc == 0)
        *out = c;
    else
        nn_ckpt_close(c);
    return rc;
}

void nn_ckpt_close(struct nn_ckpt *c)
{
    if (!c)
        return;
    cJSON_Delete(c->json);
    x_free(c);
}

const struct nn_ckpt_tensor *nn_ckpt_find(const struct nn_ckpt *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++)
        if (strcmp(c->tensors[i].name, name) == 0)
            return &c->tensors[i];
    return NULL;
}

int nn_ckpt_copy(const struct nn_ckpt *c, const char *name, enum nn_dtype type, void *dst,
                 size_t count)
{
    const struct nn_ckpt_tensor *t = nn_ckpt_find(c, name);
    if (!t)
        return ERR_NOTFOUND;
    if (t->type != type || tensor_count(t) != count)
        return ERR_FORMAT;
    if (count)
        memcpy(dst, t->data, nn_ckpt_bytes(t));
    return 0;
}

const char *nn_ckpt_get(const struct nn_ckpt *c, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(c->meta, key);
    return cJSON_IsString(v) ? v->valuestring : NULL;
}

int nn_ckpt_get_double(const struct nn_ckpt *c, const char *key, double *out)
{
    const char *text = nn_ckpt_get(c, key);
    return text ? str_double(text, -1e300, 1e300, out) : ERR_NOTFOUND;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        const ssize_t w = write(fd, p, n);
        if (w <= 0)
            return ERR_SYS;
        p += w;
        n -= (size_t)w;
    }
    return fsync(fd) == 0 ? 0 : ERR_SYS;
}

/* The rename itself must reach the disk. */
static void sync_folder(const char *path)
{
    char folder[4096];
    if (!str_copy(folder, sizeof folder, path))
        return;
    char *slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
    const int fd = open(slash ? (*folder ? folder : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

int nn_ckpt_save_file(const char *path, const struct buf *bytes)
{
    char temp[4096];
    if (!str_fmt(temp, sizeof temp, "%s.new", path))
        return ERR_RANGE;
    const int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_SYS;
    int rc = write_all(fd, buf_ptr(bytes), buf_len(bytes));
    if (close(fd) != 0)
        rc = ERR_SYS;
    if (rc == 0 && rename(temp, path) != 0)
        rc = ERR_SYS;
    if (rc != 0)
        unlink(temp);
    else
        sync_folder(path);
    return rc;
}

int nn_ckpt_load_file(const char *path, struct buf *bytes)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_SYS;
    struct stat st;
    int rc = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 0 : ERR_SYS;
    if (rc == 0 && st.st_size > NN_CKPT_MAX)
        rc = ERR_RANGE;
    while (rc == 0) {
        uint8_t *room;
        rc = buf_reserve(bytes, 1 << 16, &room);
        if (rc != 0)
            break;
        const ssize_t r = read(fd, room, 1 << 16);
        if (r < 0)
            rc = ERR_SYS;
        if (r <= 0)
            break;
        buf_commit(bytes, (size_t)r);
    }
    close(fd);
    return rc;
}
