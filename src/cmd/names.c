/* names.c -- users and groups by name and by number, from the machine's own
 * /etc/passwd and /etc/group.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <string.h>

#include "cmd/cmd.h"

/* Splits line at colons in place: how many fields, at most max. */
static int split(char *line, char **field, int max)
{
    int n = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *s = line; s && n < max;) {
        field[n++] = s;
        s = strchr(s, ':');
        if (s)
            *s++ = '\0';
    }
    return n;
}

struct entry {
    const char *name;
    uint32_t id, gid;
};

/* The first entry of file whose name is name, or whose id is id (name NULL). */
static bool lookup(struct cmd_run *r, const char *file, const char *name, uint32_t id,
                   struct entry *out)
{
    int err;
    struct vfile *f = vf_open(r->p, file, "re", &err);
    if (!f)
        return false;
    bool found = false;
    size_t n;
    for (char *line; !found && (line = vf_getline(f, &n));) {
        char *field[7];
        int fields = split(line, field, 7);
        int64_t v, g = 0;
        if (fields < 3 || str_int(field[2], 0, UINT32_MAX, &v))
            continue;
        if (name ? strcmp(field[0], name) != 0 : v != id)
            continue;
        if (fields >= 7 && str_int(field[3], 0, UINT32_MAX, &g))
            g = 0;
        *out = (struct entry){vm_strdup(r->p, field[0]), (uint32_t)v, (uint32_t)g};
        found = true;
    }
    (void)vf_close(f);
    return found;
}

const char *cmd_user_name(struct cmd_run *r, uint32_t uid)
{
    struct entry e;
    return lookup(r, "/etc/passwd", NULL, uid, &e) ? e.name : NULL;
}

const char *cmd_group_name(struct cmd_run *r, uint32_t gid)
{
    struct entry e;
    return lookup(r, "/etc/group", NULL, gid, &e) ? e.name : NULL;
}

bool cmd_user_id(struct cmd_run *r, const char *name, uint32_t *uid, uint32_t *gid)
{
    struct entry e;
    if (!lookup(r, "/etc/passwd", name, 0, &e))
        return false;
    *uid = e.id;
    *gid = e.gid;
    return true;
}

bool cmd_group_id(struct cmd_run *r, const char *name, uint32_t *gid)
{
    struct entry e;
    if (!lookup(r, "/etc/group", name, 0, &e))
        return false;
    *gid = e.id;
    return true;
}
