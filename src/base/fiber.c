/* fiber.c -- cooperative threads in user space.
 *
 * One mapping holds, from the bottom: a guard page, the stack, and at the very
 * top struct fiber itself, so a fiber costs one system call and no heap. A
 * switch saves the registers that a call must preserve on the stack it leaves;
 * nobody here changes the floating-point modes, so those stay as they are.
 *
 * fiber_restart sets the stack pointer back to the top and enters fiber_main
 * anew: frames in between just cease to be.
 * SPDX-License-Identifier: Apache-2.0                                  */
#include "base/fiber.h"

#include <stdint.h>
#include <sys/mman.h>

#include "base/sanitize.h"

enum {
    GUARD = 4096,
    KEEP_TOUCHED = 8 * 1024, /* of a pooled stack; the rest goes back to the host */
    POOL_MAX = 128,
    POOL_HOT = 4,   /* stacks that are pooled as they are: asking the host costs 0.6 us */
    RED_ZONE = 256, /* below a saved stack pointer a leaf may have data */
};

struct fiber {
    void *sp; /* while not running */
    fiber_fn *fn;
    void *arg;
    struct fiber *next; /* in the pool */
    void *fake_stack;   /* AddressSanitizer's */
    bool done;
};

/* Saves the callee-saved registers and stack pointer of the caller in *save,
 * continues where load was saved. */
void fiber_switch(void **save, void *load) __attribute__((visibility("hidden")));
/* Continues at entry on an empty stack that ends at sp. */
void fiber_enter(void *sp, void (*entry)(void)) __attribute__((visibility("hidden"), noreturn));

#if defined(__x86_64__)
__asm__(".text\n"
        ".type fiber_switch, @function\n"
        ".globl fiber_switch\n"
        ".hidden fiber_switch\n"
        "fiber_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_switch, .-fiber_switch\n"
        ".type fiber_enter, @function\n"
        ".globl fiber_enter\n"
        ".hidden fiber_enter\n"
        "fiber_enter:\n"
        "    movq %rdi, %rsp\n"
        "    xorl %ebp, %ebp\n"
        "    pushq $0\n" /* no return address: where a back-trace ends */
        "    jmpq *%rsi\n"
        ".size fiber_enter, .-fiber_enter\n");

/* What fiber_switch pops on the first switch: six registers, then fiber_main,
 * which finds itself called from address 0. */
static void *first_frame(char *top, void (*entry)(void))
{
    void **sp = (void **)(void *)top;
    *--sp = NULL;
    *--sp = (void *)(uintptr_t)entry;
    for (int i = 0; i < 6; i++)
        *--sp = NULL;
    return sp;
}
#elif defined(__aarch64__)
__asm__(".text\n"
        ".type fiber_switch, %function\n"
        ".globl fiber_switch\n"
        ".hidden fiber_switch\n"
        "fiber_switch:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size fiber_switch, .-fiber_switch\n"
        ".type fiber_enter, %function\n"
        ".globl fiber_enter\n"
        ".hidden fiber_enter\n"
        "fiber_enter:\n"
        "    mov sp, x0\n"
        "    mov x29, xzr\n"
        "    mov x30, xzr\n"
        "    br x1\n"
        ".size fiber_enter, .-fiber_enter\n");

/* What fiber_switch loads on the first switch: x30 is where it returns to. */
static void *first_frame(char *top, void (*entry)(void))
{
    void **sp = (void **)(void *)(top - 160);
    for (int i = 0; i < 20; i++)
        sp[i] = NULL;
    sp[11] = (void *)(uintptr_t)entry;
    return sp;
}
#else
#error "fiber.c: this processor needs its own fiber_switch"
#endif

static _Thread_local struct fiber *running;
static _Thread_local void *outside_sp; /* of whoever resumed it */
static _Thread_local struct fiber *pool;
static _Thread_local size_t pooled;
#ifdef BASE_ASAN
static _Thread_local const void *outside_stack;
static _Thread_local size_t outside_size;
static _Thread_local void *outside_fake;
#endif

static char *stack_top(const struct fiber *f)
{
    return (char *)(uintptr_t)f;
}

static char *mapping_of(const struct fiber *f)
{
    return (char *)(uintptr_t)(f + 1) - FIBER_STACK;
}

static char *stack_low(const struct fiber *f)
{
    return mapping_of(f) + GUARD;
}

static size_t stack_size(const struct fiber *f)
{
    return (size_t)(stack_top(f) - stack_low(f));
}

/* Goes back to the resumer. A fiber that leaves for good passes NULL as save
 * of its fake stack, so that AddressSanitizer frees that. */
static void leave(struct fiber *f)
{
#ifdef BASE_ASAN
    __sanitizer_start_switch_fiber(f->done ? NULL : &f->fake_stack, outside_stack, outside_size);
#endif
    fiber_switch(&f->sp, outside_sp);
#ifdef BASE_ASAN
    __sanitizer_finish_switch_fiber(f->fake_stack, &outside_stack, &outside_size);
#endif
}

static void fiber_main(void)
{
    struct fiber *f = running;
    f->fn(f->arg);
    f->done = true;
    leave(f);
    __builtin_unreachable();
}

static void fiber_first(void)
{
#ifdef BASE_ASAN
    __sanitizer_finish_switch_fiber(NULL, &outside_stack, &outside_size);
#endif
    fiber_main();
}

static struct fiber *map_fiber(void)
{
    char *low = mmap(NULL, FIBER_STACK, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (low == MAP_FAILED)
        return NULL;
    if (mprotect(low, GUARD, PROT_NONE)) {
        munmap(low, FIBER_STACK);
        return NULL;
    }
    ROOT_ADD(low + GUARD, FIBER_STACK - GUARD);
    return (struct fiber *)(void *)(low + FIBER_STACK - sizeof(struct fiber));
}

_Static_assert(sizeof(struct fiber) % 16 == 0, "the stack must end aligned to 16");

struct fiber *fiber_new(fiber_fn *fn, void *arg)
{
    struct fiber *f = pool;
    if (f) {
        pool = f->next;
        pooled--;
    } else {
        f = map_fiber();
        if (!f)
            return NULL;
    }
    *f = (struct fiber){.fn = fn, .arg = arg};
    f->sp = first_frame(stack_top(f), fiber_first);
    return f;
}

/* Gives whole pages of the stack below end back to the host. */
static void drop_pages(struct fiber *f, uintptr_t end)
{
    char *low = stack_low(f);
    end &= ~(uintptr_t)4095;
    if (end > (uintptr_t)low)
        madvise(low, end - (uintptr_t)low, MADV_DONTNEED);
}

static void unmap(struct fiber *f)
{
    ROOT_DEL(stack_low(f), FIBER_STACK - GUARD);
    munmap(mapping_of(f), FIBER_STACK);
}

void fiber_free(struct fiber *f)
{
    if (!f)
        return;
    UNPOISON(stack_low(f), stack_size(f));
    if (pooled >= POOL_MAX) {
        unmap(f);
        return;
    }
    if (pooled >= POOL_HOT)
        drop_pages(f, (uintptr_t)mapping_of(f) + FIBER_STACK - KEEP_TOUCHED);
    f->next = pool;
    pool = f;
    pooled++;
}

void fiber_shrink(struct fiber *f)
{
    if (!f->done && f != running)
        drop_pages(f, (uintptr_t)f->sp - RED_ZONE);
}

void fiber_resume(struct fiber *f)
{
    running = f;
#ifdef BASE_ASAN
    __sanitizer_start_switch_fiber(&outside_fake, stack_low(f), stack_size(f));
#endif
    fiber_switch(&outside_sp, f->sp);
#ifdef BASE_ASAN
    __sanitizer_finish_switch_fiber(outside_fake, NULL, NULL);
#endif
    running = NULL;
}

void fiber_yield(void)
{
    leave(running);
}

bool fiber_done(const struct fiber *f)
{
    return f->done;
}

void fiber_restart(fiber_fn *fn, void *arg)
{
    struct fiber *f = running;
    f->fn = fn;
    f->arg = arg;
    UNPOISON(stack_low(f), stack_size(f));
    fiber_enter(stack_top(f), fiber_main);
}

struct fiber *fiber_self(void)
{
    return running;
}

size_t fiber_stack_left(void)
{
    if (!running)
        return SIZE_MAX;
    return (size_t)((char *)__builtin_frame_address(0) - stack_low(running));
}

void fiber_pool_trim(size_t keep)
{
    while (pooled > keep) {
        struct fiber *f = pool;
        pool = f->next;
        pooled--;
        unmap(f);
    }
}
