# Makefile -- the whole build: one program, its unit tests, fuzzers, bench.
#
#   make            release build: build/release/qrassh
#   make V=asan     another variant: release debug asan fuzz cov
#   make unit       build and run the unit tests of this variant
#   make unit-ROOM  those of one room, linked against what it may use only
#   make fuzz       the libFuzzer harnesses (clang)
#   make bench      figures side by side
#   make lint       layers, banned calls, style
#   make docs       the documents that are written from tables
V ?= release
O := build/$(V)

ROOMS := base conf event ssh telnet vfs vm nn rl policy shell cmd session store sim web role
# The closure of docs/layers.txt, in link order: a room before what it uses.
CLOSURES := $(shell tools/layers closures)
comma := ,
closure = $(subst $(comma), ,$(patsubst $(1)=%,%,$(filter $(1)=%,$(CLOSURES))))

PKGS := libcrypto sqlite3 libcurl libmicrohttpd libmaxminddb libpcre2-8 libseccomp \
        openblas libcjson libssh zlib libzstd liblzma
CPPFLAGS := -Isrc -I$(O)/gen -D_GNU_SOURCE $(shell pkg-config --cflags $(PKGS))
WARN := -std=c17 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
LDLIBS := -Wl,--as-needed $(shell pkg-config --libs $(PKGS)) -lmagic -lbz2 -lm -lpthread

CC := gcc
CFLAGS_release := -O2 -g -fno-omit-frame-pointer -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
CFLAGS_debug := -O0 -g3
CFLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
CFLAGS_cov := -O0 -g --coverage
# clang takes libseccomp's own macros for incomplete initialisers.
CFLAGS_fuzz := -Wno-missing-field-initializers -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_cov := --coverage
LDFLAGS_fuzz := -fsanitize=address,undefined
ifeq ($(V),fuzz)
CC := clang
endif
# The network's inner loops gain from vector units where the machine has them.
CFLAGS_nn := $(if $(filter release,$(V)),-O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math)

ALL_CFLAGS = $(WARN) $(CFLAGS_$(V)) $(CFLAGS) $(CFLAGS_$(word 2,$(subst /, ,$<))) -MMD -MP

srcs = $(wildcard src/$(1)/*.c)
objs = $(patsubst src/%.c,$(O)/%.o,$(call srcs,$(1)))
lib = $(O)/lib$(1).a
LIBS := $(foreach r,$(ROOMS),$(if $(call srcs,$(r)),$(O)/lib$(r).a))

.PHONY: all drivers unit unit-bins fuzz fuzz-bins bench lint docs clean format
all: $(O)/qrassh

-include Makefile.gen

$(O)/qrassh: $(O)/main.o $(LIBS)
	@echo "  link  $@"; $(CC) $(LDFLAGS_$(V)) $(LDFLAGS) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)

# Objects are made anew when the flags change.
FLAGS := $(CC) $(WARN) $(CFLAGS_$(V)) $(CFLAGS) $(CPPFLAGS)
$(shell mkdir -p $(O); echo '$(FLAGS)' | cmp -s - $(O)/flags || echo '$(FLAGS)' >$(O)/flags)

$(O)/%.o: src/%.c $(O)/flags
	@mkdir -p $(@D); echo "  cc    $<"; $(CC) $(ALL_CFLAGS) $(CPPFLAGS) -c -o $@ $<

define room_rules
$(call lib,$(1)): $(call objs,$(1))
	@mkdir -p $$(@D); rm -f $$@; ar rcs $$@ $$^
CLOSURE_$(1) := $(foreach r,$(call closure,$(1)),$(if $(call srcs,$(r)),$(call lib,$(r))))
TESTS_$(1) := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(wildcard tests/unit/$(1)/test_*.c))
$(O)/tests/unit/$(1)/test_%: tests/unit/$(1)/test_%.c $$(CLOSURE_$(1))
	@mkdir -p $$(@D); echo "  test  $$@"; $$(CC) $$(WARN) $$(CFLAGS_$$(V)) $$(CFLAGS) $$(CPPFLAGS) -MMD -MP -MF $$@.d -MT $$@ \
	  $$(LDFLAGS_$$(V)) -o $$@ $$< -Wl,--start-group $$(CLOSURE_$(1)) -Wl,--end-group -lcmocka $$(LDLIBS)
unit-$(1): $$(TESTS_$(1))
	@tests/run-unit $$(TESTS_$(1))
FUZZ_$(1) := $(patsubst tests/fuzz/%.c,$(O)/fuzz/%,$(wildcard tests/fuzz/$(1)_*.c))
$(O)/fuzz/$(1)_%: tests/fuzz/$(1)_%.c $$(CLOSURE_$(1))
	@mkdir -p $$(@D); echo "  fuzz  $$@"; $$(CC) $$(WARN) -Wno-missing-prototypes $$(CFLAGS_$$(V)) $$(CFLAGS) $$(CPPFLAGS) -MMD -MP -MF $$@.d -MT $$@ \
	  -fsanitize=fuzzer -o $$@ $$< -Wl,--start-group $$(CLOSURE_$(1)) -Wl,--end-group $$(LDLIBS)
BENCH_$(1) := $(patsubst tests/bench/%.c,$(O)/bench/%,$(wildcard tests/bench/$(1).c tests/bench/$(1)_*.c))
$$(BENCH_$(1)): $(O)/bench/%: tests/bench/%.c $$(CLOSURE_$(1))
	@mkdir -p $$(@D); echo "  bench $$@"; $$(CC) $$(WARN) $$(CFLAGS_$$(V)) $$(CFLAGS) $$(CPPFLAGS) -MMD -MP -MF $$@.d -MT $$@ \
	  $$(LDFLAGS_$$(V)) -o $$@ $$< -Wl,--start-group $$(CLOSURE_$(1)) -Wl,--end-group $$(LDLIBS)
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

# Programs that the tests of other folders drive (tests/shell/driver.c).
DRIVERS := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/shell/*.c tests/cmd/*.c tests/ssh/*.c))
$(DRIVERS): $(O)/tests/%: tests/%.c $(LIBS)
	@mkdir -p $(@D); echo "  link  $@"; $(CC) $(WARN) -Wno-missing-prototypes $(CFLAGS_$(V)) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $@.d -MT $@ \
	  $(LDFLAGS_$(V)) -o $@ $< -Wl,--start-group $(LIBS) -Wl,--end-group $(LDLIBS)
drivers: $(DRIVERS)

ALL_TESTS = $(foreach r,$(ROOMS),$(TESTS_$(r)))
unit-bins: $(ALL_TESTS)
unit: $(ALL_TESTS)
	@tests/run-unit $(ALL_TESTS)

fuzz:
	@$(MAKE) --no-print-directory V=fuzz fuzz-bins
fuzz-bins: $(foreach r,$(ROOMS),$(FUZZ_$(r)))

# Programs of tests/bench named after a room, then scripts that drive qrassh.
bench: $(foreach r,$(ROOMS),$(BENCH_$(r)))
	@tests/bench/run $(O)
bench-%: $(O)/bench/%
	@$<

lint:
	@tools/layers check && tools/lint

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

# What is written from tables; the unit tests say when it is due.
docs: $(O)/qrassh
	@$(O)/qrassh --print-options-md >docs/OPTIONS.md; $(O)/qrassh --print-config >etc/qrassh.conf

clean:
	rm -rf build

-include $(wildcard $(O)/*.d $(O)/*/*.d $(O)/tests/*/*.d $(O)/tests/unit/*/*.d)
