/* uname.c -- who this machine says it is: uname, arch, hostname, nproc.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include <errno.h>
#include <string.h>

#include "cmd/cmd.h"
#include "vm/persona.h"

static int uname_run(struct cmd_run *r)
{
    const struct persona *who = vm_persona(r->p);
    static const char letters[] = "snrvmpio";
    const char *text[] = {"Linux",  vm_hostname(r->p), who->kernel_release, who->kernel_version,
                          "x86_64", "unknown",         "unknown",           "GNU/Linux"};
    bool all = cmd_has(r, 'a'), any = false;
    if (r->argc)
        return cmd_extra(r, r->argv[0]);
    for (size_t i = 0; i < 8; i++) {
        bool unknown = letters[i] == 'p' || letters[i] == 'i';
        bool show = cmd_has(r, letters[i]) || (all && !unknown) || (!*r->opt && !i);
        if (!show)
            continue;
        vf_printf(r->out, "%s%s", any ? " " : "", text[i]);
        any = true;
    }
    vf_putc(r->out, '\n');
    return 0;
}

static const char *const uname_longs[] = {"all=a",
                                          "kernel-name=s",
                                          "sysname=s",
                                          "nodename=n",
                                          "kernel-release=r",
                                          "release=r",
                                          "kernel-version=v",
                                          "machine=m",
                                          "processor=p",
                                          "hardware-platform=i",
                                          "operating-system=o",
                                          NULL};

const struct cmd cmd_uname = {
    .name = "uname", .opts = "asnrvmpio", .longs = uname_longs, .run = uname_run};

static int arch_run(struct cmd_run *r)
{
    if (r->argc)
        return cmd_extra(r, r->argv[0]);
    vf_puts(r->out, "x86_64\n");
    return 0;
}

const struct cmd cmd_arch = {.name = "arch", .opts = "", .run = arch_run};

static int nproc_run(struct cmd_run *r)
{
    int64_t n = vm_persona(r->p)->cpu.count, v;
    const char *ignore = cmd_arg(r, 'i');
    if (r->argc)
        return cmd_extra(r, r->argv[0]);
    const char *omp = vm_getenv(r->p, "OMP_NUM_THREADS");
    if (omp && !cmd_has(r, '\1') && !str_int(omp, 1, 65536, &v))
        n = v;
    if (ignore && str_int(ignore, 0, INT32_MAX, &v)) {
        cmd_warn(r, "invalid number: %s", cmd_quotel(r, ignore));
        return 1;
    }
    if (ignore)
        n = n > v ? n - v : 1;
    vf_printf(r->out, "%ld\n", (long)n);
    return 0;
}

static const char *const nproc_longs[] = {"all=\1", "ignore:=i", NULL};

const struct cmd cmd_nproc = {.name = "nproc", .opts = "", .longs = nproc_longs, .run = nproc_run};

/* The name in the domain that /etc/hosts gives the machine; without: as it is. */
static const char *full_name(struct cmd_run *r, const char *name)
{
    int err;
    struct vfile *f = vf_open(r->p, "/etc/hosts", "re", &err);
    size_t n, len = strlen(name);
    const char *found = NULL;
    for (char *line; f && !found && (line = vf_getline(f, &n));) {
        char *copy = vm_asprintf(r->p, "%.*s", (int)strcspn(line, "#\n"), line), *save = copy;
        const char *first = NULL;
        for (char *w; (w = strsep(&save, " \t"));) {
            if (!*w)
                continue;
            if (!first && strpbrk(w, ".:") && w == copy)
                continue;
            first = first ? first : w;
            if (!strcmp(w, name) || (!strncmp(w, name, len) && w[len] == '.'))
                found = first;
        }
    }
    if (f)
        (void)vf_close(f);
    return found ? found : name;
}

static int hostname_run(struct cmd_run *r)
{
    const char *name = vm_hostname(r->p), *dot;
    const char *file = cmd_arg(r, 'F');
    if (file) {
        size_t n;
        struct vfile *f = cmd_stream(r, file);
        char *line = f ? vf_getline(f, &n) : NULL;
        if (!line)
            return 1;
        r->argv[0] = vm_asprintf(r->p, "%.*s", (int)strcspn(line, "\n"), line);
        r->argc = 1;
    }
    if (r->argc) {
        int err = vm_sethostname(r->p, r->argv[0]);
        if (err < 0)
            cmd_warn(r, err == -EINVAL ? "the specified hostname is invalid"
                                       : "you must be root to change the host name");
        return err < 0;
    }
    switch (cmd_latest(r, "sfAdiIya")) {
    case 'f':
    case 'A':
        name = full_name(r, name);
        break;
    case 'd':
        dot = strchr(full_name(r, name), '.');
        if (!dot)
            return 0;
        name = dot + 1;
        break;
    case 'i':
    case 'I':
        name = vm_persona(r->p)->ip4;
        break;
    case 's':
        name = vm_asprintf(r->p, "%.*s", (int)strcspn(name, "."), name);
        break;
    case 'a':
        name = "";
        break;
    case 'y':
        cmd_warn(r, "Local domain name not set");
        return 1;
    default:
        break;
    }
    vf_printf(r->out, cmd_latest(r, "AI") ? "%s \n" : "%s\n", name);
    return 0;
}

static const char *const hostname_longs[] = {"short=s",
                                             "fqdn=f",
                                             "long=f",
                                             "all-fqdns=A",
                                             "domain=d",
                                             "ip-address=i",
                                             "all-ip-addresses=I",
                                             "alias=a",
                                             "boot=b",
                                             "file:=F",
                                             "yp=y",
                                             "nis=y",
                                             NULL};

const struct cmd cmd_hostname = {.name = "hostname",
                                 .opts = "aAbdfF:hiIsVy",
                                 .longs = hostname_longs,
                                 .run = hostname_run,
                                 .usage_status = 255};
