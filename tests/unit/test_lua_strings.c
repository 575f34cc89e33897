/* test_lua_strings.c - what the sandboxed string library promises, and that its patterns answer as stock Lua's do and end. */
#include "lua_libs_fixture.h"

/* ---- string ---- */

static const struct lua_case string_cases[] = {
    {"rep repeats",
     "return ('ab'):rep(3,'-')..('x'):rep(0)..('x'):rep(-1)..(''):rep(1e9)..('y'):rep(1,'sep')", "ab-ab-aby"},
    {"rep says no before the work", "return ('x'):rep(16777217)",
     "error: t:1: limit: string.rep would make 16777217 bytes (most: 16777216)"},
    {"rep adds up the separators", "return ('x'):rep(1e7, 'y')",
     "error: t:1: limit: string.rep would make 19999999 bytes (most: 16777216)"},
    {"rep does not overflow", "return ('xx'):rep(math.maxinteger)",
     "error: t:1: limit: string.rep would make 9223372036854775807 bytes (most: 16777216)"},
    {"rep makes what is allowed", "return #('x'):rep(16777216)", "16777216"},
    {"format refuses %p", "return ('%s %p'):format('a', {})",
     "error: t:1: string.format: '%p' prints an address, which differs from run to run; use '%s'"},
    {"format refuses %20p", "return ('%-20p'):format({})", "error: t:1: string.format: '%p'"},
    {"format prints no address",
     "return ('%s %s|%10s|%-3s|%.2s'):format({}, type, setmetatable({}, {__name='N'}), 1, 'abc')",
     "table function|         N|1  |ab"},
    {"format calls __tostring",
     "return ('%s%%%d'):format(setmetatable({},{__tostring=function() return 'T' end}), 3)", "T%3"},
    {"format leaves its arguments alone", "local t={} local a=('%s'):format(t) return type(t)..a",
     "tabletable"},
    {"format is stock for the rest",
     "return ('%5.2f %q %x %c %i %g %a %5s %%'):format(1/3, 'a\\n\"', 255, 65, 3, .5, 1, nil)",
     " 0.33 \"a\\\n\\\"\" ff A 3 0.5 0x1p+0   nil %"},
    {"format misses an argument", "return ('%s %s'):format(1)",
     "error: t:1: bad argument #2 to 'format' (no value)"},
    {"format knows no %y", "return ('%y'):format(1)", "error: t:1: invalid conversion '%y' to 'format'"},
    {"format ends at a lone %", "return ('%'):format(1)", "error: t:1: invalid conversion '%' to 'format'"},
    {"format is bounded", "local s=('x'):rep(9e6) return ('%s%s'):format(s,s)",
     "error: t:1: limit: string.format would make more than 16777216 bytes"},
    {"gsub is bounded", "return ('x'):rep(2000):gsub('x', ('y'):rep(10000))",
     "error: t:1: limit: string.gsub would make more than 16777216 bytes"},
    {"gsub is bounded for functions",
     "local y=('y'):rep(1e6) return ('x'):rep(20):gsub('x', function() return y end)",
     "error: t:1: limit: string.gsub would make more than 16777216 bytes"},
    {"gsub refuses other replacements", "return ('x'):gsub('x', function() return {} end)",
     "error: t:1: invalid replacement value (a table)"},
    {"gsub wants a replacement", "return ('x'):gsub('x', true)",
     "error: t:1: bad argument #2 to 'gsub' (string/function/table expected, got boolean)"},
    {"gsub passes a callback's error on", "return ('x'):gsub('x', function() error('mine', 0) end)",
     "error: mine"},
    {"gsub reads tables with __index",
     "return (('ab'):gsub('.', setmetatable({}, {__index=function(_,k) return k..k end})))", "aabb"},
    {"a pattern bomb ends", "return ('a'):rep(300):find(('.-'):rep(4)..'b')",
     "error: t:1: pattern too costly: it tries too many ways to match 300 bytes"},
    {"a quadratic scan ends", "return ('a'):rep(600000):find('.*b')", "error: t:1: pattern too costly"},
    {"a bomb in gsub ends", "return ('a'):rep(3000):gsub('(.-)(.-)(.-)%1b', '')",
     "error: t:1: pattern too costly"},
    {"a bomb in gmatch ends", "for _ in ('a'):rep(3000):gmatch('.-.-.-b') do end",
     "error: t:1: pattern too costly"},
    {"a bomb of a set ends", "return ('a'):rep(1e6):find('['..('b'):rep(1e6)..']*c')",
     "error: t:1: pattern too costly"},
    {"a bomb of balances ends", "return ('('):rep(1e6):find('%b()')", "error: t:1: pattern too costly"},
    {"a bomb of back references ends", "return ('a'):rep(1e5):find('(a*)%1b')",
     "error: t:1: pattern too costly"},
    {"a bomb can be caught",
     "local ok, e = pcall(string.find, ('a'):rep(300), ('.-'):rep(4)..'b') return e:sub(1, 19)",
     "pattern too costly:"},
    {"a plain search is linear", "return tostring(('a'):rep(4e6):find(('a'):rep(2e6)..'b', 1, true))", "nil"},
    {"deep patterns are refused as ever", "return ('a'):rep(500):match(('a?'):rep(300))",
     "error: t:1: pattern too complex"},
};

static void string_keeps_its_promises(void **state) {
  (void)state;
  CHECK_CASES(string_cases);
}

/* A probe that runs the same in both states: what a call gives, as text, errors too. */
static const char probe[] =
    "local op, s, p, r, init = ...\n"
    "init = tonumber(init)\n"
    "local function show(...)\n"
    "  local t = table.pack(...)\n"
    "  for i = 1, t.n do t[i] = type(t[i]) .. ':' .. tostring(t[i]) end\n"
    "  return table.concat(t, ' ')\n"
    "end\n"
    "if op == 'gmatch' then\n"
    "  local got, ok, f = {}, pcall(string.gmatch, s, p, init)\n"
    "  for i = 1, 40 do\n"
    "    local one = table.pack(pcall(f))\n"
    "    got[i] = show(table.unpack(one, 1, one.n))\n"
    "    if not one[1] or one[2] == nil then break end\n"
    "  end\n"
    "  return table.concat(got, '|')\n"
    "elseif op == 'gsub' then return show(pcall(string.gsub, s, p, r, init and init > 0 and init or nil))\n"
    "elseif op == 'table' then return show(pcall(string.gsub, s, p, {a = 'A', b = 7, [1] = 'one', [3] = false, ab = true}))\n"
    "elseif op == 'function' then\n"
    "  local calls = {}\n"
    "  local a = show(pcall(string.gsub, s, p, function(...) calls[#calls + 1] = show(...) return #calls % 3 ~= 0 and '<' .. #calls .. '>' end))\n"
    "  return a .. '#' .. table.concat(calls, '|')\n"
    "elseif op == 'plain' then return show(pcall(string.find, s, p, init, true)) end\n"
    "return show(pcall(string[op], s, p, init))\n";

static uint64_t dice_state;
static unsigned dice(unsigned n) {
  dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
  return (unsigned)(dice_state >> 33) % n;
}

static size_t add(char *to, size_t at, const char *what, size_t len) {
  memcpy(to + at, what, len);
  return at + len;
}

static size_t random_pattern(char *to) {
  static const char *const items[] = {
      "a",     "b",    ".",       "%a",     "%A",     "%d",     "%s", "%w",  "[ab]", "[^a]",
      "[%w_]", "[]a]", "[^]b-d]", "[a-c-]", "%.",     "%%",     "(",  ")",   "()",   "(a",
      "%1",    "%2",   "%b()",    "%bab",   "%f[%w]", "%f[^a]", "^",  "$",   "%z",   "\xc3",
      "%g",    "%x",   "%p",      "[",      "%",      "%f",     "%b", "%bx", "]",    "-"};
  static const char *const pairs[] = {"(%a+)",      "(.-)",  "(a*)",   "(()b)",
                                      "([%w]+)%s*", "(.)%1", "(%b())", "((a)(b))"};
  size_t n = 0;
  if (dice(8) == 0) n = add(to, n, "^", 1);
  for (unsigned i = 0, count = 1 + dice(5); i < count; i++) {
    const char *item = dice(4) == 0 ? pairs[dice(8)] : items[dice(dice(3) ? 29 : 40)];
    n = add(to, n, item, strlen(item));
    if (dice(3) == 0) n = add(to, n, &"*+-?"[dice(4)], 1);
    if (dice(60) == 0) n = add(to, n, "\0", 1);
  }
  if (dice(10) == 0) n = add(to, n, "$", 1);
  return n;
}

static size_t random_subject(char *to) {
  static const char letters[] = "aaaabbbcd()() _.%1 \n]-^$\xc3\xa9Z";
  size_t n = dice(24);
  for (size_t i = 0; i < n; i++) to[i] = dice(50) == 0 ? '\0' : letters[dice(sizeof letters - 1)];
  return n;
}

static void patterns_answer_as_stock_lua(void **state) {
  (void)state;
  static const char *const ops[] = {"find", "match", "gmatch", "gsub", "table", "function", "plain"};
  static const char *const repls[] = {"x", "<%0>", "%1%1", "%2", "%%", "%", "%x", "[%1]%0", ""};
  struct machine *ours = new_machine(open_ours, 1000), *stock = new_machine(open_stock, 1000);
  dice_state = 20260101;
  int errors = 0;
  for (int i = 0; i < 12000; i++) {
    char pattern[200], subject[100], init[12];
    const char *args[5] = {ops[dice(7)], subject, pattern, repls[dice(9)], init};
    size_t lens[5] = {strlen(args[0]), random_subject(subject), random_pattern(pattern), strlen(args[3]), 0};
    lens[4] = dice(2) ? (size_t)snprintf(init, sizeof init, "%d", (int)dice(60) - 30) : 0;
    const char *want = run(stock, probe, 5, args, lens), *got = run(ours, probe, 5, args, lens);
    errors += strstr(want, "boolean:false") != NULL;
    if (strcmp(want, got) != 0)
      fail_msg("case %d: %s on '%.*s' with '%.*s' repl '%s' init '%.*s'\n  want %s\n  got  %s", i, args[0],
               (int)lens[1], subject, (int)lens[2], pattern, args[3], (int)lens[4], init, want, got);
  }
  assert_in_range(errors, 100, 6000); /* the dice give errors too, but not only */
  machine_free(ours);
  machine_free(stock);
}

static void timed(const char *what, const char *text, const char *want) {
  struct machine *m = new_machine(open_ours, 1000);
  ends_within(60);
  uint64_t start = clock_thread_cpu_ns();
  const char *got = run_text(m, text);
  double ms = (double)(clock_thread_cpu_ns() - start) / 1e6;
  if (strncmp(got, want, strlen(want)) != 0) fail_msg("%s: %s", what, got);
  print_message("  %-44s %7.1f ms\n", what, ms);
  machine_free(m);
}

static void honest_work_passes_and_bombs_end(void **state) {
  (void)state;
#define BOOK                                                                                                 \
  "local line = 'The keeper wrote \"nothing today\" in the ledger, and then he closed it. ' local book = line:rep(8300) "
  timed("make a book of 600 KB", BOOK "return #book", "589300");
  timed("gsub %a+ with a function over it",
        BOOK "local n=0 book:gsub('%a+', function(w) n=n+#w end) return n", "4");
  timed("gmatch %a+ over it", BOOK "local n=0 for w in book:gmatch('%a+') do n=n+1 end return n", "107900");
  timed("gsub of spaces by a string", BOOK "return (select(2, book:gsub('%s+', ' ')))", "107900");
  timed("find a sentence with captures", BOOK "return tostring(book:find('\"([^\"]*)\" in the (%a+)z'))",
        "nil");
  timed("trim 16 MB", "return #(('x'):rep(16e6):gsub('^%s+', ''):gsub('x', 'y'))", "16000000");
  timed(
      "pairs over a list of 200000, ten times",
      "local t, n = {}, 0 for i=1,200000 do t[i]=i end for _=1,10 do for k,v in pairs(t) do n=n+1 end end return n",
      "2000000");
  timed(
      "pairs over 8 names, 100000 times",
      "local t, n = {a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1}, 0 for _=1,100000 do for k in pairs(t) do n=n+1 end end return n",
      "800000");
  timed("sort 100000 numbers",
        "local t = {} for i=1,100000 do t[i]=math.random(1e6) end table.sort(t) return t[1]", "");
  timed(
      "sort 100000 with a comparator",
      "local t = {} for i=1,100000 do t[i]=math.random(1e6) end table.sort(t, function(a,b) return a>b end) return t[1]",
      "9");
  timed("pattern bomb", "return ('a'):rep(300):find(('.-'):rep(4)..'b')", "error: t:1: pattern too costly");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(string_keeps_its_promises),
      cmocka_unit_test(patterns_answer_as_stock_lua),
      cmocka_unit_test(honest_work_passes_and_bombs_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
