/* digest.c -- md5sum, sha1sum, sha224sum .. sha512sum, b2sum, cksum: checksums
 * printed and checked.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "cmd/cmd.h"

enum { BLOCK = 65536, DIGEST_MAX = 64 };

struct kind {
    const char *name, *tag, *evp;
    size_t n;
};

static const struct kind kinds[] = {
    {"md5sum", "MD5", "MD5", 16},           {"sha1sum", "SHA1", "SHA1", 20},
    {"sha224sum", "SHA224", "SHA224", 28},  {"sha256sum", "SHA256", "SHA256", 32},
    {"sha384sum", "SHA384", "SHA384", 48},  {"sha512sum", "SHA512", "SHA512", 64},
    {"b2sum", "BLAKE2b", "BLAKE2B512", 64},
};

static void drop(void *ctx)
{
    EVP_MD_CTX_free(ctx);
}

/* The digest of a descriptor: 0 or -errno. The context goes with its arena if
 * the process vanishes while it reads. */
static int digest_fd(struct cmd_run *r, const struct kind *k, int fd, uint8_t *out)
{
    struct arena *a = vm_arena_new(r->p);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || arena_on_free(a, drop, ctx)) {
        EVP_MD_CTX_free(ctx);
        return -ENOMEM;
    }
    uint8_t *block = arena_alloc(a, BLOCK);
    ssize_t n = -ENOMEM;
    unsigned len;
    if (block && EVP_DigestInit_ex(ctx, EVP_get_digestbyname(k->evp), NULL) == 1)
        while ((n = vm_read(r->p, fd, block, BLOCK)) > 0) {
            EVP_DigestUpdate(ctx, block, (size_t)n);
            vm_tick(r->p, 512);
        }
    if (!n)
        EVP_DigestFinal_ex(ctx, out, &len);
    vm_arena_drop(r->p, a);
    return (int)n;
}

static int digest_file(struct cmd_run *r, const struct kind *k, const char *name, char *hex)
{
    uint8_t sum[DIGEST_MAX];
    int fd = cmd_open(r, name);
    if (fd < 0)
        return fd;
    int err = digest_fd(r, k, fd, sum);
    if (fd)
        vm_close(r->p, fd);
    if (!err)
        hex_encode(hex, sum, k->n);
    return err;
}

/* A name with \ and newlines escaped, for lists that are checked later. */
static const char *escaped(struct cmd_run *r, const char *name)
{
    struct str b;
    str_init(&b, r->arena);
    for (const char *s = name; *s; s++)
        if (*s == '\n' || *s == '\r' || *s == '\\')
            str_printf(&b, "\\%c", *s == '\n' ? 'n' : *s == '\r' ? 'r' : '\\');
        else
            str_putc(&b, *s);
    return str_text(&b);
}

/* "HEX  name" or "TAG (name) = HEX": false if the line is neither. */
static bool parse_line(const struct kind *k, char *line, char **name, char **hex)
{
    size_t digits = 2 * k->n, n = strlen(k->tag);
    line += strspn(line, " \t");
    if (!strncmp(line, k->tag, n) && !strncmp(line + n, " (", 2)) {
        char *end = strstr(line, ") = ");
        if (!end)
            return false;
        *end = '\0';
        *name = line + n + 2;
        *hex = end + 4;
    } else {
        if (strspn(line, "0123456789abcdefABCDEF") != digits || line[digits] != ' ' ||
            (line[digits + 1] != ' ' && line[digits + 1] != '*'))
            return false;
        line[digits] = '\0';
        *hex = line;
        *name = line + digits + 2;
    }
    return strspn(*hex, "0123456789abcdefABCDEF") == digits && !(*hex)[digits];
}

static const char *plural(unsigned n)
{
    return n == 1 ? "" : "s";
}

static int check(struct cmd_run *r, const struct kind *k, const char *list)
{
    struct vfile *f = cmd_stream(r, list);
    unsigned bad_lines = 0, unreadable = 0, wrong = 0, good = 0;
    bool status_only = cmd_has(r, '\2'), quiet = cmd_has(r, '\3');
    size_t n;
    if (!f)
        return 1;
    for (char *line; (line = vf_getline(f, &n));) {
        char *copy = vm_asprintf(r->p, "%.*s", (int)strcspn(line, "\n"), line), *name, *hex;
        char is[2 * DIGEST_MAX + 1];
        if (*copy == '#')
            continue;
        if (!parse_line(k, copy, &name, &hex)) {
            bad_lines++;
            continue;
        }
        int err = digest_file(r, k, name, is);
        if (err == -ENOENT && cmd_has(r, '\4'))
            continue;
        bool ok = !err && str_eqi(is, hex);
        if (err) {
            cmd_warn_err(r, err, "%s", cmd_quotef(r, name));
            unreadable++;
        } else if (!ok) {
            wrong++;
        }
        good += ok;
        if (!status_only && !(quiet && ok))
            vf_printf(r->out, "%s: %s\n", name, err ? "FAILED open or read" : ok ? "OK" : "FAILED");
    }
    cmd_stream_close(r, f);
    if (!good && !wrong && !unreadable) {
        cmd_warn(r, "%s: no properly formatted checksum lines found",
                 cmd_quotef(r, strcmp(list, "-") ? list : "standard input"));
        return 1;
    }
    if (!status_only) {
        if (bad_lines)
            cmd_warn(r, "WARNING: %u line%s %s improperly formatted", bad_lines, plural(bad_lines),
                     bad_lines == 1 ? "is" : "are");
        if (unreadable)
            cmd_warn(r, "WARNING: %u listed file%s could not be read", unreadable,
                     plural(unreadable));
        if (wrong)
            cmd_warn(r, "WARNING: %u computed checksum%s did NOT match", wrong, plural(wrong));
    }
    return wrong || unreadable || (bad_lines && cmd_has(r, '\5'));
}

static int digest_run(struct cmd_run *r)
{
    const struct kind *k = kinds;
    while (strcmp(k->name, r->cmd->name))
        k++;
    int status = 0;
    char *standard[] = {"-", NULL};
    for (char **f = r->argc ? r->argv : standard; *f; f++) {
        char hex[2 * DIGEST_MAX + 1];
        if (cmd_has(r, 'c')) {
            status |= check(r, k, *f);
            continue;
        }
        int err = digest_file(r, k, *f, hex);
        if (err) {
            cmd_warn_err(r, err, "%s", cmd_quotef(r, *f));
            status = 1;
            continue;
        }
        bool zero = cmd_has(r, 'z');
        const char *name = zero ? *f : escaped(r, *f);
        if (strcmp(name, *f))
            vf_putc(r->out, '\\');
        if (cmd_has(r, '\1'))
            vf_printf(r->out, "%s (%s) = %s", k->tag, name, hex);
        else
            vf_printf(r->out, "%s %c%s", hex, cmd_latest(r, "bt") == 'b' ? '*' : ' ', name);
        vf_putc(r->out, zero ? '\0' : '\n');
    }
    return status;
}

static const char *const digest_longs[] = {"binary=b", "check=c",   "ignore-missing=\4",
                                           "quiet=\3", "status=\2", "strict=\5",
                                           "tag=\1",   "text=t",    "warn=w",
                                           "zero=z",   NULL};

#define DIGEST(id)                                                                                 \
    const struct cmd cmd_##id = {                                                                  \
        .name = #id, .opts = "bctwz", .longs = digest_longs, .run = digest_run}
DIGEST(md5sum);
DIGEST(sha1sum);
DIGEST(sha224sum);
DIGEST(sha256sum);
DIGEST(sha384sum);
DIGEST(sha512sum);
DIGEST(b2sum);
