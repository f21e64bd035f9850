/* fakes.c -- the false machine: answers that have to be computed.
 *
 * It is drawn from the machine's seed, so that cpuinfo, nproc, free and uname
 * agree with each other however often they are asked.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "policy/effects.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "vm/persona.h"

struct false_machine {
    unsigned cpus;
    uint64_t mem_kib;
    const char *kernel, *version, *model, *name;
    unsigned family, model_no, stepping, mhz, cache;
};

static void machine_draw(struct false_machine *m, uint64_t seed)
{
    static const struct {
        const char *release, *version;
    } kernels[] = {
        {"4.19.0-27-amd64", "#1 SMP Debian 4.19.316-1 (2024-06-25)"},
        {"5.10.0-33-amd64", "#1 SMP Debian 5.10.226-1 (2024-10-03)"},
        {"5.10.0-21-amd64", "#1 SMP Debian 5.10.162-1 (2023-01-21)"},
    };
    static const struct {
        const char *model;
        unsigned family, model_no, stepping, mhz, cache;
    } models[] = {
        {"Intel(R) Xeon(R) CPU E5-2620 0 @ 2.00GHz", 6, 45, 7, 1999, 15360},
        {"Intel(R) Atom(TM) CPU D525 @ 1.80GHz", 6, 28, 10, 1795, 512},
        {"Intel(R) Celeron(R) CPU J1900 @ 1.99GHz", 6, 55, 8, 1993, 1024},
        {"Intel(R) Core(TM)2 Duo CPU E7500 @ 2.93GHz", 6, 23, 10, 2933, 3072},
    };
    static const char *const names[] = {"localhost", "debian", "gateway", "backup"};
    struct rng r = rng_named(seed, "false machine");
    size_t k = rng_below(&r, 3), c = rng_below(&r, 4);

    *m = (struct false_machine){.kernel = kernels[k].release,
                                .version = kernels[k].version,
                                .model = models[c].model,
                                .family = models[c].family,
                                .model_no = models[c].model_no,
                                .stepping = models[c].stepping,
                                .mhz = models[c].mhz,
                                .cache = models[c].cache,
                                .cpus = rng_below(&r, 2) ? 1 : 2,
                                .name = names[rng_below(&r, 4)]};
    m->mem_kib = (rng_below(&r, 2) ? 498 : 996) * 1024 + rng_below(&r, 900);
}

static void fake_uname(struct str *out, const struct policy_command *c,
                       const struct false_machine *m)
{
    static const char letters[] = "snrvmpio";
    const char *values[] = {"Linux",  m->name,   m->kernel, m->version,
                            "x86_64", "unknown", "unknown", "GNU/Linux"};
    bool all = policy_text_option(c, 'a'), any = false;

    for (size_t i = 0; i < 8; i++) {
        bool asked = policy_text_option(c, letters[i]);
        if (!asked && !(all && letters[i] != 'p' && letters[i] != 'i'))
            continue;
        str_printf(out, "%s%s", any ? " " : "", values[i]);
        any = true;
    }
    str_puts(out, any ? "\n" : "Linux\n");
}

/* As free -h: three significant digits at most, binary units. */
static void human(char out[16], uint64_t kib)
{
    if (kib < 10 * 1024)
        snprintf(out, 16, "%.1fMi", (double)kib / 1024);
    else if (kib < 1024 * 1024)
        snprintf(out, 16, "%uMi", (unsigned)(kib / 1024));
    else
        snprintf(out, 16, "%.1fGi", (double)kib / 1048576);
}

static void fake_free(struct str *out, const struct policy_command *c,
                      const struct false_machine *m)
{
    uint64_t total = m->mem_kib, used = total / 8 * 7, cache = total / 16;
    uint64_t v[6] = {total, used, total - used - cache, 1028, cache, total - used - cache / 2};
    unsigned shift = policy_text_option(c, 'm') ? 10 : policy_text_option(c, 'g') ? 20 : 0;
    bool h = policy_text_option(c, 'h');

    str_puts(out,
             "               total        used        free      shared  buff/cache   available\n"
             "Mem:    ");
    for (int i = 0; i < 6; i++) {
        char text[24];
        if (h)
            human(text, v[i]);
        else
            snprintf(text, sizeof text, "%llu", (unsigned long long)(v[i] >> shift));
        str_printf(out, "%12s", text);
    }
    str_printf(out, h ? "\nSwap:             0B          0B          0B\n"
                      : "\nSwap:              0           0           0\n");
}

static void fake_cpuinfo(struct str *out, const struct false_machine *m)
{
    for (unsigned i = 0; i < m->cpus; i++)
        str_printf(out,
                   "processor\t: %u\nvendor_id\t: GenuineIntel\ncpu family\t: %u\nmodel\t\t: %u\n"
                   "model name\t: %s\nstepping\t: %u\ncpu MHz\t\t: %u.%03u\ncache size\t: %u KB\n"
                   "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n"
                   "apicid\t\t: %u\ninitial apicid\t: %u\nfpu\t\t: yes\nfpu_exception\t: yes\n"
                   "cpuid level\t: 10\nwp\t\t: yes\n"
                   "flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat "
                   "pse36 clflush mmx fxsr sse sse2 ht syscall nx lm constant_tsc rep_good nopl "
                   "cpuid pni ssse3 cx16 hypervisor lahf_lm\n"
                   "bugs\t\t: cpu_meltdown spectre_v1 spectre_v2 mds\nbogomips\t: %u.%02u\n"
                   "clflush size\t: 64\ncache_alignment\t: 64\n"
                   "address sizes\t: 36 bits physical, 48 bits virtual\npower management:\n\n",
                   i, m->family, m->model_no, m->model, m->stepping, m->mhz, m->mhz % 1000,
                   m->cache, m->cpus, i, m->cpus, i, i, m->mhz * 2, m->mhz % 100);
}

static void fake_uptime(struct str *out, const struct policy_text_env *env, uint64_t seed)
{
    struct rng r = rng_named(seed, "uptime");

    str_printf(out, " %s up %u min,  1 user,  load average: %u.%02u, %u.%02u, %u.%02u\n",
               env->now + 11, (unsigned)rng_below(&r, 50) + 3, 4 + (unsigned)rng_below(&r, 9),
               (unsigned)rng_below(&r, 100), 3 + (unsigned)rng_below(&r, 5),
               (unsigned)rng_below(&r, 100), 1 + (unsigned)rng_below(&r, 3),
               (unsigned)rng_below(&r, 100));
}

static void env_fill(struct policy_text_env *env, struct proc *p, const struct policy_command *c,
                     const struct false_machine *m)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    struct timespec now = vm_now(p);
    time_t s = now.tv_sec;
    struct tm tm;

    *env = (struct policy_text_env){
        .command = c, .cpus = m->cpus, .kernel = m->kernel, .name = m->name};
    for (size_t i = 0; i < 3; i++) {
        const char *v = vm_getenv(p, names[i]);
        if (v && *v) {
            env->utf8 = strcasestr(v, "utf-8") || strcasestr(v, "utf8");
            break;
        }
    }
    if (gmtime_r(&s, &tm))
        strftime(env->now, sizeof env->now, "%Y-%m-%d %H:%M:%S", &tm);
}

void policy_effect_render(struct str *out, struct proc *p, const struct policy_command *c,
                          const struct policy_effect *e, uint64_t seed)
{
    struct policy_text_env env;
    struct false_machine m;

    machine_draw(&m, seed);
    env_fill(&env, p, c, &m);
    if (strcmp(e->text, "@uname") == 0) {
        fake_uname(out, c, &m);
    } else if (strcmp(e->text, "@free") == 0) {
        fake_free(out, c, &m);
    } else if (strcmp(e->text, "@cpuinfo") == 0) {
        fake_cpuinfo(out, &m);
    } else if (strcmp(e->text, "@uptime") == 0) {
        fake_uptime(out, &env, seed);
    } else if (strcmp(e->text, "@w") == 0) {
        fake_uptime(out, &env, seed);
        str_puts(out, "USER     TTY      FROM             LOGIN@   IDLE   JCPU   PCPU WHAT\n");
    } else {
        policy_text_render(out, &env, e->text);
    }
}
