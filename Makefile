# Quire's build. GNU make; everything it makes is in build/.
#
#   make            builds build/quire                  make check     style, include rules, Lua scripts
#   make run        installs what is missing, builds,   make asan      the tests under address + undefined sanitizer
#                   and writes a first book             make tsan      the tests under thread sanitizer
#   make test       installs what is missing, builds,   make fuzz      FUZZ_SECONDS for each tests/fuzz/fuzz_*.c
#                   checks and tests everything         make bench     tests/bench against the release build
#                                                       make compare   OTHER=/path/to/older/quire: both in turns
#   make screenshots  every screen of the web UI, into build/screenshots
#   make mutants    breaks Quire in small ways and looks whether the tests notice, two hours or more; ROOM=llm for one room
#   make faults     all of tests/faults, an hour or two;    make clean
#                   SOAK_MINUTES=30 for the whole soak  make install   PREFIX=/usr/local, DESTDIR=
#
# For work on one room: `make unit ROOMS="base store" BUILD=/tmp/mine T=store` builds those rooms only, and runs the
# unit tests whose names hold a word of T. The file has two parts: what a person types (no FLAVOUR), which calls make again
# with FLAVOUR=release|asan|tsan|fuzz for the part that compiles.

MAKEFLAGS += --no-print-directory --no-builtin-rules
SHELL := /bin/bash
BUILD ?= build
PREFIX ?= /usr/local
# The first book. `make run FRESH=1` writes another one; without it the same book is shown again and nothing is asked twice.
RUN_BRIEF ?= A lighthouse keeper finds that her predecessor's log goes on by itself, one day ahead of her.
RUN_ARGS ?= run generate_book $(if $(FRESH),,--key first-book) --set title="The Day Ahead" --set brief="$(RUN_BRIEF)" \
  --set author="Quire" --set chapters=5 --set words_per_chapter=1800
FUZZ_SECONDS ?= 30
T ?=

ifndef FLAVOUR

# ---------------------------------------------------------------------------------------------------------------------
# What a person types
# ---------------------------------------------------------------------------------------------------------------------

# Debian package, how to see that it is there (cmd: command, pc: pkg-config name, h: header), and why it is needed.
define RUN_PACKAGES
gcc                     cmd:gcc         the C compiler
libc6-dev               h:stdio.h       the C library's headers
pkg-config              cmd:pkg-config  finds the libraries below
liblua5.4-dev           pc:lua5.4       runs the scripts
lua-cjson-dev           pc:lua5.4-cjson cjson, for scripts that expect it
libsqlite3-dev          pc:sqlite3      the library: one file
libcurl4-openssl-dev    pc:libcurl      talks to model providers
libcivetweb-dev         h:civetweb.h    the web server
libjansson-dev          pc:jansson      JSON
libmd4c-dev             pc:md4c         reads Markdown
libmd4c-html0-dev       pc:md4c-html    Markdown to HTML
libzip-dev              pc:libzip       EPUB and DOCX
libssl-dev              pc:libcrypto    SHA-256
zlib1g-dev              pc:zlib         unpacks the web UI for browsers that take no gzip
libcrypt-dev            h:crypt.h       password hashes
endef

define TEST_PACKAGES
libcmocka-dev           pc:cmocka       runs the unit tests
lua5.4                  cmd:lua5.4      changes the sources for make mutants
lua-check               cmd:luacheck    reads scripts for mistakes
clang-format            cmd:clang-format holds the C style
clang                   cmd:clang       make fuzz
libclang-rt-dev         cmd:clang       its fuzzer
valgrind                cmd:valgrind    finds leaks
epubcheck               cmd:epubcheck   judges the EPUBs that come out
curl                    cmd:curl        speaks to the web API in tests
sqlite3                 cmd:sqlite3     looks into the library in tests
unzip                   cmd:unzip       looks into the EPUBs
librsvg2-bin            cmd:rsvg-convert draws their covers (without it they stay SVG)
nginx-light             cmd:nginx       stands before the host in a test
nodejs                  cmd:node        runs the browser tests
npm                     cmd:npm         fetches what they drive the browser with
chromium                cmd:chromium    the browser
libjs-codemirror         file:/usr/share/javascript/codemirror/lib/codemirror.js the editor with colours, tested beside the plain one
endef

export RUN_PACKAGES TEST_PACKAGES

# Reads a package table on stdin; prints "package why" for what is not there. Takes one pkg-config call when all is.
define FIND_MISSING
find_missing() {
  local package probe why all=() dir
  mapfile -t rows
  for row in "$${rows[@]}"; do read -r _ probe _ <<<"$$row"; [[ $$probe == pc:* ]] && all+=("$${probe#pc:}"); done
  pkg-config --exists "$${all[@]}" 2>/dev/null && all=()
  for row in "$${rows[@]}"; do
    read -r package probe why <<<"$$row"
    case $$probe in
    cmd:*) command -v "$${probe#cmd:}" >/dev/null && continue ;;
    file:*) [[ -e $${probe#file:} ]] && continue ;;
    pc:*) { [[ $${#all[@]} = 0 ]] || pkg-config --exists "$${probe#pc:}" 2>/dev/null; } && continue ;;
    h:*) for dir in /usr/include /usr/local/include /usr/include/*-linux-gnu*; do
           [[ -e $$dir/$${probe#h:} ]] && continue 2; done ;;
    "") continue ;;
    esac
    echo "$$package $$why"
  done
}
endef

# Installs what the tables in $$tables miss, or says what to type and fails.
define INSTALL_MISSING
$(FIND_MISSING)
missing=$$(find_missing <<<"$$tables")
[[ -z $$missing ]] && exit 0
names=$$(cut -d' ' -f1 <<<"$$missing" | tr '\n' ' ')
by_hand="apt-get update && apt-get install -y --no-install-recommends $$names"
echo "Quire needs packages that are not installed:" >&2
while read -r package why; do printf '  %-22s %s\n' "$$package" "$$why"; done <<<"$$missing" >&2
as_root=(); fail() { printf '%s Type this, then call make again:\n\n  sudo sh -c "%s"\n\n' "$$1" "$$by_hand" >&2; exit 1; }
command -v apt-get >/dev/null || { echo "There is no apt-get here: install the like of these with your package manager." >&2; exit 1; }
[[ $$only_say ]] && fail "'make run' and 'make test' install them."
if [[ $$(id -u) != 0 ]]; then
  command -v sudo >/dev/null || fail "You are not root and there is no sudo."
  as_root=(sudo)
  if [[ ! -t 0 ]]; then
    as_root=(sudo -n)
    sudo -n true 2>/dev/null || fail "You are not root, sudo wants a password, and there is no terminal to type it at."
  fi
fi
export DEBIAN_FRONTEND=noninteractive
"$${as_root[@]}" apt-get update >&2 || echo "(apt-get update failed; trying with the lists that are here)" >&2
"$${as_root[@]}" apt-get install -y --no-install-recommends $$names >&2 || fail "Installing them failed."
[[ -z $$(find_missing <<<"$$tables") ]] || fail "They are still missing after installing."
endef
export INSTALL_MISSING

# Compiles with all processors unless told otherwise.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
INNER = $(MAKE) $(JOBS) BUILD='$(BUILD)'

.PHONY: all run test check asan tsan unit faults mutants fuzz bench compare screenshots install clean help say-missing install-run install-test
.NOTPARALLEL:

all: say-missing
	+@$(INNER) FLAVOUR=release binary

say-missing:
	@only_say=1 tables="$$RUN_PACKAGES" bash -c "$$INSTALL_MISSING"

install-run:
	@tables="$$RUN_PACKAGES" bash -c "$$INSTALL_MISSING"

install-test:
	@tables="$$RUN_PACKAGES"$$'\n'"$$TEST_PACKAGES" bash -c "$$INSTALL_MISSING"
	+@$(MAKE) tests/browser/node_modules/.package-lock.json tests/clients/node_modules/.package-lock.json

# What the browser tests drive, and the services' own clients, at the versions that the lock files name; nothing of them runs at installation.
tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	@cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund --silent || { \
	  echo "The tests in tests/$* need what its package.json names from the npm registry; without them: make unit, or tests/run.sh unit cli lua" >&2; exit 1; }
	@touch $@

run: install-run
	+@$(INNER) -s FLAVOUR=release binary
	@$(BUILD)/quire $(RUN_ARGS)

test: install-test
	+@$(INNER) FLAVOUR=release binary tests
	@BUILD='$(BUILD)' QUIRE_FLAVOUR=release tests/run.sh --check $(T)

check: install-test
	@tests/check.sh

asan tsan: install-test
	+@$(INNER) FLAVOUR=$@ binary tests
	@BUILD='$(BUILD)' QUIRE_FLAVOUR=$@ tests/run.sh $(T)

unit: install-test
	+@$(INNER) FLAVOUR=$(or $(UNIT_FLAVOUR),release) tests
	@BUILD='$(BUILD)' QUIRE_FLAVOUR=$(or $(UNIT_FLAVOUR),release) tests/run.sh --unit $(T)

screenshots: install-test
	+@$(INNER) FLAVOUR=release binary
	@rm -rf $(BUILD)/screenshots
	@BUILD='$(BUILD)' SCREENSHOTS=$(abspath $(BUILD))/screenshots tests/run.sh browser/
	@echo "$$(ls $(BUILD)/screenshots | wc -l) pictures in $(BUILD)/screenshots"

fuzz: install-test
	+@$(INNER) FLAVOUR=fuzz fuzzers
	@set -e; for f in $(BUILD)/fuzz/fuzz/fuzz_*; do [[ -x $$f ]] || continue; \
	  name=$${f##*/}; mkdir -p $(BUILD)/fuzz/corpus/$$name; echo "$$name for $(FUZZ_SECONDS) s"; \
	  $$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/fuzz/$$name- $(BUILD)/fuzz/corpus/$$name; done

faults: install-test
	+@$(INNER) FLAVOUR=release binary tests
	@BUILD='$(BUILD)' QUIRE_FLAVOUR=release tests/run.sh --faults $(T)

mutants: install-test
	@ROOM='$(ROOM)' FRESH='$(FRESH)' tests/mutants/run.sh $(T)

bench: install-run
	+@$(INNER) FLAVOUR=release binary benches
	@set -e; for b in tests/bench/bench.sh tests/bench/web_ui.sh; do echo "== $$b"; \
	  BUILD='$(BUILD)' QUIRE='$(abspath $(BUILD))/quire' "$$b"; done

compare: install-run
	+@$(INNER) FLAVOUR=release binary
	@BUILD='$(BUILD)' QUIRE='$(abspath $(BUILD))/quire' OTHER='$(abspath $(OTHER))' tests/bench/compare.sh $(T)

install: all
	install -D -s -m 755 $(BUILD)/quire $(DESTDIR)$(PREFIX)/bin/quire
	@install -D -m 644 host/quire.service $(DESTDIR)$(PREFIX)/lib/systemd/system/quire.service
	@sed -i 's|/usr/local/bin|$(PREFIX)/bin|' $(DESTDIR)$(PREFIX)/lib/systemd/system/quire.service
	@find scripts pipelines -name '*.lua' | while read -r f; do \
	  install -D -m 644 "$$f" "$(DESTDIR)$(PREFIX)/share/quire/$$f"; done

clean:
	rm -rf $(BUILD)

help:
	@sed -n '2,/^$$/s/^# \?//p' Makefile

else

# ---------------------------------------------------------------------------------------------------------------------
# What compiles: objects, one archive of all but main.o, the binary, the test programs
# ---------------------------------------------------------------------------------------------------------------------

OUT := $(BUILD)/$(FLAVOUR)
BINARY := $(if $(filter release,$(FLAVOUR)),$(BUILD)/quire,$(OUT)/quire)

PACKAGES := lua5.4 sqlite3 libcurl jansson md4c md4c-html libzip libcrypto zlib
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES))
# (libcurl is loaded by host/llm/curl_late.c)
PKG_LIBS := $(shell pkg-config --libs $(filter-out libcurl,$(PACKAGES)))

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wvla -Wformat=2 -Werror
CPPFLAGS := -D_GNU_SOURCE -Ihost -include host/base/banned.h $(PKG_CFLAGS) -MMD -MP
CFLAGS := -std=c11 -g -fPIE -fstack-protector-strong $(WARNINGS)
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
# lua-cjson goes into the binary: its shared library is not there where only libraries for users are installed.
LIBS := -l:liblua5.4-cjson.a $(PKG_LIBS) -lcivetweb -lcrypt -lpthread -lm
QUICK_LINK := $(if $(and $(filter release,$(FLAVOUR)),$(shell command -v ld.gold)),-fuse-ld=gold)

CC := gcc
FLAVOUR_release := -O2 -D_FORTIFY_SOURCE=2
FLAVOUR_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAVOUR_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer
FLAVOUR_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-omit-frame-pointer
ifeq ($(FLAVOUR),fuzz)
CC := clang
endif
CFLAGS += $(FLAVOUR_$(FLAVOUR))

ROOMS ?= *
SOURCES := $(sort $(if $(filter *,$(ROOMS)),$(shell find host -name '*.c'),$(shell find $(ROOMS:%=host/%) -name '*.c')))
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(OUT)/embedded.o
MAIN := $(filter $(OUT)/host/main.o,$(OBJECTS))
ARCHIVE := $(OUT)/libquire.a
UNIT_TESTS := $(patsubst %.c,$(OUT)/%,$(wildcard tests/unit/test_*.c))
FUZZERS := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES := $(patsubst %.c,$(OUT)/%,$(wildcard tests/bench/*.c))
FAULT_HELPERS := $(patsubst %.c,$(OUT)/%,$(filter-out tests/faults/preload_%,$(wildcard tests/faults/*.c))) \
  $(patsubst %.c,$(OUT)/%.so,$(wildcard tests/faults/preload_*.c))
ifneq ($(T),)
UNIT_TESTS := $(sort $(foreach t,$(T),$(foreach u,$(UNIT_TESTS),$(if $(findstring $(t),$(u)),$(u)))))
endif

.PHONY: binary tests fuzzers benches FORCE
.SECONDARY:
.DELETE_ON_ERROR:

# Without host/main.c there is a library to test but nothing to run yet.
binary: $(if $(MAIN),$(BINARY),$(ARCHIVE))
tests: $(UNIT_TESTS) $(if $(filter *,$(ROOMS)),$(FAULT_HELPERS))
fuzzers: $(FUZZERS)
benches: $(BENCHES)

$(BINARY): $(MAIN) $(ARCHIVE)
	@echo "LINK $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(ARCHIVE): $(filter-out $(MAIN),$(OBJECTS)) $(OUT)/objects.list
	@rm -f $@
	@ar rcsD $@ $(filter %.o,$^)

$(OUT)/%.o: %.c Makefile
	@echo "CC   $<"
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The archive is tested as it is shipped; the seventy programs around it are compiled and linked in the least time.
$(OUT)/tests/unit/%.o: private CFLAGS := $(filter-out $(FLAVOUR_release),$(CFLAGS))
$(OUT)/tests/%: $(OUT)/tests/%.o $(ARCHIVE)
	@$(CC) $(CFLAGS) $(LDFLAGS) $(QUICK_LINK) -o $@ $^ -lcmocka $(LIBS)

# Preloaded into the host by a test; never under a sanitizer, whose library must come first.
$(OUT)/tests/faults/%.so: tests/faults/%.c Makefile
	@echo "CC   $<"
	@mkdir -p $(@D)
	@$(CC) -D_GNU_SOURCE -O2 -g -std=c11 $(WARNINGS) -fPIC -shared -o $@ $< -ldl -lpthread

$(OUT)/fuzz/%: $(OUT)/tests/fuzz/%.o $(ARCHIVE)
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

# ---- files that travel in the binary ----

EMBEDDED := $(shell { find scripts pipelines -name '*.lua'; find host/ui -type f ! -name 'README.*'; } 2>/dev/null | LC_ALL=C sort)
PACKED := $(foreach f,$(EMBEDDED),$(if $(filter host/ui/% %_test.lua scripts/test_api.lua,$f),$(OUT)/$f.gz,$f))

# The web UI's files go in gzipped, as nearly every browser takes them; tests of scripts too, as they are seldom wanted.
$(filter %.gz,$(PACKED)): $(OUT)/%.gz: %
	@mkdir -p $(@D)
	@gzip -9nc $< >$@

# The assembler takes the files in as they are; a NUL behind each, so that text is a string.
$(OUT)/embedded.c: $(EMBEDDED) $(PACKED) $(OUT)/embedded.list Makefile
	@echo "GEN  $@"
	@paste -d' ' <(stat -c '%n %s' $(EMBEDDED)) <(stat -c '%n %s' $(PACKED)) | awk ' \
	  BEGIN { print "#include \"base/embedded.h\"" } \
	  { printf "__asm__(\".pushsection .rodata\\nembedded_%d: .incbin \\\"%s\\\"\\n.byte 0\\n.popsection\");\n", NR, $$3; \
	    printf "extern const char embedded_%d[];\n", NR; \
	    rows = rows sprintf("{\"%s\", %d, %d, embedded_%d},\n", $$1, $$2, $$4, NR) } \
	  END { printf "const struct embedded_file embedded_files[] = {\n%s{0, 0, 0, 0}};\n", rows; \
	    printf "const size_t embedded_count = %d;\n", NR }' >$@

$(OUT)/embedded.o: $(OUT)/embedded.c
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# ---- lists that change only when files come or go, so that what was made of them is made again ----

$(OUT)/objects.list: FORCE
	@mkdir -p $(@D); echo '$(OBJECTS)' | cmp -s - $@ || echo '$(OBJECTS)' >$@

$(OUT)/embedded.list: FORCE
	@mkdir -p $(@D); echo '$(EMBEDDED)' | cmp -s - $@ || echo '$(EMBEDDED)' >$@

-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(FAULT_HELPERS:=.d) $(FUZZERS:$(OUT)/fuzz/%=$(OUT)/tests/fuzz/%.d) $(BENCHES:=.d)

endif
