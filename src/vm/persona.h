/* persona.h -- one coherent description of the server that does not exist.
 *
 * Drawn once per installation from a seed and kept as a text file that an
 * operator may edit; everything that shows one of these facts reads it here.
 * SPDX-License-Identifier: Apache-2.0                                  */
#ifndef VM_PERSONA_H
#define VM_PERSONA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "vfs/image.h"

struct persona_cpu {
    char vendor[16], model_name[64];
    unsigned family, model, stepping, count, threads_per_core;
    double mhz;
    unsigned cache_kib;
    char flags[1600];
    char microcode[16];
    double bogomips;
};

struct persona {
    uint64_t seed;
    char hostname[64], domain[64];
    char machine_id[33], boot_id[37];
    char kernel_release[32];  /* "6.1.0-NN-amd64" */
    char kernel_version[128]; /* "#1 SMP PREEMPT_DYNAMIC Debian 6.1.x-y (date)" */
    char debian_version[16];  /* "12.N" */
    char ssh_version[64];     /* "OpenSSH_9.2p1 Debian-2+deb12uN" */
    char timezone[32];
    char locale[16];
    struct persona_cpu cpu;
    uint64_t mem_kib, swap_kib;
    char disk_name[8]; /* "vda", "sda", "nvme0n1" */
    uint64_t disk_bytes, root_used_bytes;
    char root_uuid[37], swap_uuid[37];
    char net_if[16]; /* "eth0", "ens3", ... */
    char mac[18];
    char ip4[16], gateway4[16], dns4[16];
    unsigned prefix4;
    char ip6[46];        /* "" for none */
    char hypervisor[16]; /* "KVM", ... */
    char product[48], sys_vendor[48], bios_vendor[48], bios_version[32], bios_date[16];
    int64_t boot_real_us;    /* when the machine booted */
    int64_t install_real_us; /* when Debian was installed */
    char root_hash[128];     /* yescrypt, of a random password */
    char user[32];           /* the ordinary account */
    char user_hash[128];
    /* Public host keys, "type base64"; set at start, not part of the text form. */
    char host_keys[3][768];
};

/* Draws one from a seed; versions come from the image's properties. */
void persona_draw(struct persona *p, uint64_t seed, int64_t now_real_us,
                  const struct vfs_image *im);
/* Major number of the disk's device: sd, virtblk or blkext. */
unsigned persona_disk_major(const struct persona *p);
/* Text form, one "key = value" a line, and back: 0 or ERR_FORMAT/ERR_RANGE with
 * one line in why. */
int persona_print(const struct persona *p, char *out, size_t n) NODISCARD;
int persona_parse(struct persona *p, const char *text, char *why, size_t why_n) NODISCARD;

#endif
