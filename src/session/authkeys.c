/* authkeys.c -- keys that open an account of a machine (sshd(8), AUTHORIZED_KEYS
 * FILE FORMAT).
 *
 * A line is [options] type base64 [comment]. Lines that sshd would not take are
 * passed over: unknown options, another address, a certificate authority.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "session/authkeys.h"

#include <fnmatch.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "session/disk.h"

enum { BLOB_MAX = 8 * 1024 };

/* --- one line --------------------------------------------------------------------- */

/* Does any pattern of the list match, and none that starts with '!'? */
static bool from_matches(const char *list, const char *address)
{
    char pattern[256];
    bool yes = false;

    for (const char *at = list; *at; at += *at == ',') {
        size_t n = strcspn(at, ",");
        bool not = *at == '!';
        if (str_fmt(pattern, sizeof pattern, "%.*s", (int)(n - not ), at + not ) &&
            fnmatch(pattern, address, 0) == 0) {
            if (not )
                return false;
            yes = true;
        }
        at += n;
    }
    return yes;
}

/* One option; value NULL if it has none. False: sshd would not take the line. */
static bool option(struct authkey *k, const char *name, const char *value, const char *from)
{
    static const char *const valued[] = {"environment", "expiry-time", "permitlisten",
                                         "permitopen",  "principals",  "tunnel"};
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"pty", &k->no_pty},
                 {"port-forwarding", &k->no_forwarding},
                 {"agent-forwarding", &k->no_agent},
                 {"x11-forwarding", &k->no_x11},
                 {"user-rc", &k->no_rc}};
    bool no = strncasecmp(name, "no-", 3) == 0;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcasecmp(name + (no ? 3 : 0), flags[i].name) == 0) {
            *flags[i].flag = no;
            return true;
        }
    if (strcasecmp(name, "restrict") == 0) {
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            *flags[i].flag = true;
        return true;
    }
    if (value && strcasecmp(name, "command") == 0)
        return str_copy(k->command, sizeof k->command, value);
    if (value && strcasecmp(name, "from") == 0)
        return from_matches(value, from);
    for (size_t i = 0; value && i < sizeof valued / sizeof *valued; i++)
        if (strcasecmp(name, valued[i]) == 0)
            return true;
    return strcasecmp(name, "no-touch-required") == 0 || strcasecmp(name, "verify-required") == 0;
}

/* Reads the options at *at, up to the blank behind them. */
static bool options(struct authkey *k, const char **at, const char *from)
{
    const char *p = *at;

    while (*p && *p != ' ' && *p != '\t') {
        char name[32], value[1024];
        size_t n = strcspn(p, "=, \t"), k_n = 0;
        bool has_value;
        if (!str_fmt(name, sizeof name, "%.*s", (int)(n < 40 ? n : 40), p))
            return false;
        p += n;
        has_value = *p == '=';
        if (has_value) {
            if (*++p != '"')
                return false;
            for (p++; *p && *p != '"' && k_n + 1 < sizeof value; p++) {
                if (p[0] == '\\' && p[1] == '"')
                    p++;
                value[k_n++] = *p;
            }
            if (*p++ != '"')
                return false;
        }
        value[k_n] = '\0';
        if (!option(k, name, has_value ? value : NULL, from))
            return false;
        p += *p == ',';
    }
    *at = p + strspn(p, " \t");
    return true;
}

/* Is this "type base64", and the key asked for? */
static bool is_key(const char *p, const struct authkey_query *q)
{
    static const char *const types[] = {"ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"};
    uint8_t blob[BLOB_MAX];
    size_t type = strcspn(p, " \t"), b64, n = sizeof blob, named;
    bool known = false;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        known |= str_starts(p, types[i]);
    if (!known)
        return false;
    p += type;
    p += strspn(p, " \t");
    b64 = strcspn(p, " \t\r");
    if (b64 > BLOB_MAX || base64_decode(blob, &n, p, b64) < 0 || n != q->blob_n)
        return false;
    /* The type in words must be the blob's own. */
    named = n > 4 ? (size_t)blob[2] << 8 | blob[3] : 0;
    return memcmp(blob, q->blob, n) == 0 && named == type;
}

static bool line_matches(const char *line, const struct authkey_query *q, struct authkey *out)
{
    struct authkey k = {0};

    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#')
        return false;
    if (!is_key(line, q) && !(options(&k, &line, q->from) && is_key(line, q)))
        return false;
    *out = k;
    return true;
}

/* --- files ---------------------------------------------------------------------------- */

/* Only root and the user may be able to write here. */
static bool is_safe(struct vm *vm, const char *path, uint32_t uid)
{
    struct vfs_walk w = disk_walk(vm);
    struct vnode v;
    struct vfs_stat st;

    return vfs_walk(&w, path, 0, &v) == 0 && vfs_stat(v, NULL, &st) == 0 &&
           (st.uid == 0 || st.uid == uid) && !(st.mode & 022);
}

static bool search(char *text, const char *path, const struct authkey_query *q, struct authkey *out)
{
    unsigned number = 0;
    char *line, *rest = text;

    while ((line = strsep(&rest, "\n")) != NULL) {
        number++;
        if (line_matches(line, q, out)) {
            str_fmt(out->where, sizeof out->where, "%s:%u", path, number);
            return true;
        }
    }
    return false;
}

/* Home directory and number of an account. */
static bool account(struct vm *vm, struct arena *a, const char *user, char **home, uint32_t *uid)
{
    struct str s;
    struct vnode v;
    char *rest, *line;
    size_t n = strlen(user);

    str_init(&s, a);
    if (disk_read(vm, "/etc/passwd", &s, &v) < 0 || s.bad || !s.s)
        return false;
    for (rest = s.s; (line = strsep(&rest, "\n")) != NULL;) {
        char *field[7] = {0};
        int64_t id;
        if (strncmp(line, user, n) != 0 || line[n] != ':')
            continue;
        for (int i = 0; i < 7 && line; i++)
            field[i] = strsep(&line, ":");
        if (!field[5] || !*field[5] || str_int(field[2], 0, UINT32_MAX, &id) < 0)
            return false;
        *home = field[5];
        *uid = (uint32_t)id;
        return true;
    }
    return false;
}

bool authkey_find(struct vm *vm, const struct authkey_query *q, struct authkey *out)
{
    static const char *const files[] = {"authorized_keys", "authorized_keys2"};
    struct arena_budget budget = {.max = 4 << 20};
    struct arena *a = arena_new(&budget, 0);
    char path[256], *home;
    uint32_t uid;
    bool found = false;

    if (a && account(vm, a, q->user, &home, &uid) && is_safe(vm, home, uid) &&
        str_fmt(path, sizeof path, "%s/.ssh", home) && is_safe(vm, path, uid))
        for (size_t i = 0; !found && i < sizeof files / sizeof *files; i++) {
            struct str s;
            struct vnode v;
            str_init(&s, a);
            found = str_fmt(path, sizeof path, "%s/.ssh/%s", home, files[i]) &&
                    is_safe(vm, path, uid) && disk_read(vm, path, &s, &v) == 0 && !s.bad && s.s &&
                    search(s.s, path, q, out);
        }
    arena_free(a);
    return found;
}

void authkey_describe(const struct authkey *k, char *out, size_t n)
{
    str_fmt(out, n, "%s: key options:%s%s%s%s%s%s", k->where,
            k->no_agent ? "" : " agent-forwarding", k->command[0] ? " command" : "",
            k->no_forwarding ? "" : " port-forwarding", k->no_pty ? "" : " pty",
            k->no_rc ? "" : " user-rc", k->no_x11 ? "" : " x11-forwarding");
}
