/* test_lua_libs.c - what the sandboxed libraries promise to a script, and that sort and random answer as stock Lua does. */
#include "lua_libs_fixture.h"

#define KEYS                                                                                                 \
  "local function keys(t) local r = {} for k, v in pairs(t) do r[#r+1] = tostring(k) end return table.concat(r, ' ') end\n"

static const struct lua_case base_cases[] = {
    {"a list comes in order", KEYS "return keys{5,6,7,8}", "1 2 3 4"},
    {"an empty table has no pairs", KEYS "return keys{}", ""},
    {"numbers before strings before booleans",
     KEYS "return keys{[true]=1,[false]=1,b=1,a=1,ab=1,[0.5]=1,[-1.5]=1,[10]=1,[-3]=1,[0]=1,'x','y'}",
     "1 2 -3 0 10 -1.5 0.5 a ab b false true"},
    {"a run that grew backwards is still a run",
     KEYS "local t={} for i=20,1,-1 do t[i]=i end t[-1]=0 t.z=1 return keys(t)",
     "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 -1 z"},
    {"holes do not change the order", KEYS "local t={1,2,3,4,5,nil,7,nil,9} t[2]=nil t[-5]=1 return keys(t)",
     "1 -5 3 4 5 7 9"},
    {"extreme integers", KEYS "return keys{[math.maxinteger]=1,[math.mininteger]=1,[1]=1}",
     "1 -9223372036854775808 9223372036854775807"},
    {"NUL and long strings sort by bytes",
     "local t={} t['a\\0b']=1 t['a']=1 t['a\\0']=1 t[('z'):rep(50)]=1 t['\\xff']=1 t[('z'):rep(49)]=1 "
     "local r={} for k in pairs(t) do r[#r+1]=#k end return table.concat(r,' ')",
     "1 2 3 49 50 1"},
    {"values come with their keys",
     "local s='' for k,v in pairs{a=1,b=2,9} do s=s..k..'='..v..' ' end return s", "1=9 a=1 b=2 "},
    {"removing in the loop is fine",
     "local t={a=1,b=2,c=3,1,2,3} local s='' for k in pairs(t) do s=s..k t[k]=nil t.c=nil t[2]=nil end return s",
     "13ab"},
    {"keys added in the loop are not visited",
     "local t={1,2,x=1} local n=0 for k in pairs(t) do n=n+1 t[#t+1]=1 t['y'..n]=1 end return n", "3"},
    {"a finished iterator stays finished", "local f=pairs{1} f() return tostring((f()))..tostring((f()))",
     "nilnil"},
    {"many keys of all kinds",
     "local t={} for i=1,2000 do t['k'..i]=i t[-i]=i t[i+.5]=i end local last, n\n"
     "for k in pairs(t) do n=(n or 0)+1 if last and math.type(last)==math.type(k) then assert(last<k) end last=k end return n",
     "6000"},
    {"__pairs is honoured",
     "local s='' for k in pairs(setmetatable({}, {__pairs=function(t) return function(_,k) k=(k or 0)+1 return k<4 and k or nil end, t end})) do s=s..k end return s",
     "123"},
    {"pairs refuses a table as key", "for k in pairs{[{}]=1} do end",
     "error: t:1: pairs cannot order a key of type table: it would come in another order each run. Use a name or a number"},
    {"pairs refuses a function as key", "for k in pairs{[print or type]=1} do end",
     "error: t:1: pairs cannot order a key of type function"},
    {"pairs wants a table", "for k in pairs(nil) do end",
     "error: t:1: bad argument #1 to 'pairs' (table expected, got nil)"},
    {"pairs wants an argument", "pairs()", "error: t:1: bad argument #1 to 'pairs'"},
    {"next tells an empty table", "return tostring(next({}))", "nil"},
    {"next gives the first of pairs' order",
     "local a,b=next{b=2,a=1} local c=next{x=1,[-4]=1,[3]=1,[.5]=1,[true]=1} return a..b..c..tostring((next{[true]=1,[false]=2}))",
     "a1-4false"},
    {"next gives t[1]", "local a,b=next{'x',y=1} return a..b", "1x"},
    {"next takes no key", "next({1}, 1)",
     "error: t:1: next(t, k) is not there, its order changes from run to run: use `for k, v in pairs(t) do`"},
    {"next refuses a table key", "next{[{}]=1}", "error: t:1: next cannot order a key of type table"},
    {"tostring prints no address",
     "return tostring({})..tostring(type)..tostring(setmetatable({},{__name='Memory'}))..tostring(1)..tostring(nil)..tostring(2.0)",
     "tablefunctionMemory1nil2.0"},
    {"tostring calls __tostring", "return tostring(setmetatable({},{__tostring=function() return 'me' end}))",
     "me"},
    {"__tostring must give a string",
     "return tostring(setmetatable({},{__tostring=function() return {} end,__name=4}))",
     "error: t:1: '__tostring' must return a string"},
    {"setmetatable refuses __gc", "setmetatable({}, {__gc=type})",
     "error: t:1: setmetatable: __gc is refused: a script's finalizer could not be stopped"},
    {"setmetatable refuses __mode", "setmetatable({}, {__mode='k'})",
     "error: t:1: setmetatable: __mode is refused: what a weak table holds"},
    {"pairs refuses a table that was made weak later",
     "local m={} local t=setmetatable({},m) m.__mode='k' for k in pairs(t) do end",
     "error: t:1: pairs cannot walk a weak table"},
    {"pairs names the same one of several types without an order in each process",
     "local t={} for i=1,20 do t[{}]=1 t[function() return i end]=1 end for k in pairs(t) do end",
     "error: t:1: pairs cannot order a key of type table"},
    {"so does next", "local t={} for i=1,20 do t[{}]=1 t[function() return i end]=1 end next(t)",
     "error: t:1: next cannot order a key of type table"},
    {"setmetatable honours __metatable", "setmetatable(setmetatable({}, {__metatable=1}), nil)",
     "error: t:1: cannot change a protected metatable"},
    {"setmetatable wants a table", "setmetatable({}, 1)",
     "error: t:1: bad argument #2 to 'setmetatable' (nil or table expected, got number)"},
    {"setmetatable returns its table and may clear",
     "local t={} return tostring(setmetatable(t,{})==t)..tostring(getmetatable(setmetatable(t,nil)))",
     "truenil"},
    {"getmetatable hides the strings'",
     "return tostring(getmetatable(''))..tostring(getmetatable(setmetatable({},{__metatable='no'})))..type(getmetatable(setmetatable({},{})))",
     "nilnotable"},
    {"what is out is out",
     "local s='' for _,n in ipairs{'load','dofile','loadfile','collectgarbage','rawset','print','warn','_G','io','os','debug','package','require','coroutine'} do\n"
     "if n ~= '_G' and _ENV[n] ~= nil then s = s..n end end return s..tostring(_G)..tostring(string.dump)..tostring(math.randomseed)",
     "nilnilnil"},
    {"the rest is there",
     "for _,n in ipairs{'assert','error','ipairs','pcall','select','tonumber','tostring','type','xpcall','rawequal','rawlen','rawget','setmetatable','getmetatable','next','pairs','_VERSION','string','table','math','utf8'} do assert(_ENV[n], n) end\n"
     "for _,n in ipairs{'byte','char','find','format','gmatch','gsub','len','lower','match','rep','reverse','sub','upper','pack','unpack','packsize'} do assert(string[n], n) end\n"
     "for _,n in ipairs{'insert','remove','concat','unpack','pack','move','sort'} do assert(table[n], n) end return 'all'",
     "all"},
    {"methods of strings are the sandbox's",
     "return tostring(('').dump) .. ('x'):rep(2) .. tostring(('').rep == string.rep)", "nilxxtrue"},
    {"strings still do arithmetic", "return '10'+1", "11"},
    {"pcall and error",
     "local ok,e=pcall(error,{code=4}) return tostring(ok)..e.code..select('#',xpcall(error,type,1))",
     "false42"},
};

static void base_keeps_its_promises(void **state) {
  (void)state;
  CHECK_CASES(base_cases);
}

static int pause_here(lua_State *L) {
  return lua_yield(L, 0);
}

static void pairs_bodies_may_wait(void **state) {
  (void)state;
  struct machine *m = new_machine(open_ours, 5);
  lua_State *L = m->L, *co = lua_newthread(L);
  lua_register(L, "pause", pause_here);
  assert_int_equal(
      luaL_loadstring(
          co,
          "local s='' for k,v in pairs{1,2,b=1,a=2} do pause() s=s..k pause() end\n"
          "for k in pairs(setmetatable({},{__pairs=function(t) pause() return next, t end})) do end return s"),
      LUA_OK);
  int results, waits = 0;
  while (lua_resume(co, NULL, 0, &results) == LUA_YIELD) {
    waits++;
    lua_gc(L, LUA_GCCOLLECT);
  }
  assert_string_equal(lua_tostring(co, -1), "12ab");
  assert_int_equal(waits, 9);
  machine_free(m);
}

static void pairs_order_is_the_same_in_every_state(void **state) {
  (void)state;
  char first[4096] = "";
  for (int i = 0; i < 6; i++) {
    struct machine *m = new_machine(open_ours, 5);
    char text[400];
    snprintf(
        text, sizeof text,
        "local t, s = {}, {} for i = 1, 200 do local k = (i * 37 * %d + %d) %% 211 t['key' .. k %% 211] = nil end\n"
        "for j = 1, 100 do local i = %d == 0 and j or 101 - j t['key' .. i] = i t[i * 3] = i end\n"
        "for k in pairs(t) do s[#s + 1] = k end return table.concat(s, ' ')",
        i + 1, i, i % 2);
    const char *got = run_text(m, text);
    if (i == 0) snprintf(first, sizeof first, "%s", got);
    assert_string_equal(got, first);
    machine_free(m);
  }
}

/* ---- table ---- */

#define LIE(field) "local t = setmetatable({1,2}, {" field "=function() return 1e9 end}) "

static const struct lua_case table_cases[] = {
    {"insert and remove",
     "local t={1,3} table.insert(t,2,2) table.insert(t,4) table.insert(t,1,0) local a=table.remove(t) local b=table.remove(t,1) return table.concat(t,',')..a..b",
     "1,2,340"},
    {"remove from an empty list",
     "local t={} return tostring(table.remove(t))..tostring(table.remove(t,0))..tostring(table.remove(t,1))",
     "nilnilnil"},
    {"insert out of bounds", "table.insert({1}, 3, 1)",
     "error: t:1: bad argument #2 to 'insert' (position out of bounds)"},
    {"insert with too many arguments", "table.insert({1}, 1, 1, 1)",
     "error: t:1: wrong number of arguments to 'insert'"},
    {"remove out of bounds", "table.remove({1}, 3)",
     "error: t:1: bad argument #2 to 'remove' (position out of bounds)"},
    {"insert refuses a lying length", LIE("__len") "table.insert(t, 1, 1)",
     "error: t:1: table.insert works on plain tables only, this one's metatable has __len; keep the list in a field"},
    {"remove refuses __index", LIE("__index") "table.remove(t)",
     "error: t:1: table.remove works on plain tables only, this one's metatable has __index"},
    {"concat refuses __index", LIE("__index") "table.concat(t)", "error: t:1: table.concat works on plain"},
    {"unpack refuses __len", LIE("__len") "table.unpack(t)", "error: t:1: table.unpack works on plain"},
    {"move refuses __newindex", LIE("__newindex") "table.move({1},1,1,1,t)",
     "error: t:1: table.move works on plain"},
    {"sort refuses __len", LIE("__len") "table.sort(t)", "error: t:1: table.sort works on plain"},
    {"other metatables are fine",
     "local t=setmetatable({2,1},{__call=type}) table.sort(t) return table.concat(t)", "12"},
    {"concat",
     "return table.concat({1,2.5,'x'},'-')..table.concat({})..table.concat({1,2,3},'',2,3)..table.concat({1},'x',1,0)",
     "1-2.5-x23"},
    {"concat leaves numbers numbers", "local t={1} table.concat(t) return math.type(t[1])", "integer"},
    {"concat wants strings", "table.concat({1,{}})",
     "error: t:1: invalid value (at index 2) in table for 'concat'"},
    {"concat says no before the work", "local s=('x'):rep(1e7) table.concat({s,s})",
     "error: t:1: limit: table.concat would make 20000000 bytes (most: 16777216)"},
    {"concat is bounded in elements", "table.concat({}, '', 1, 1000001)",
     "error: t:1: limit: table.concat over 1000001 elements (most: 1000000)"},
    {"concat of extremes", "table.concat({}, '', math.mininteger, math.maxinteger)",
     "error: t:1: limit: table.concat over 9223372036854775807 elements"},
    {"concat at the last integer",
     "return table.concat({[math.maxinteger]='z'}, ',', math.maxinteger, math.maxinteger)", "z"},
    {"unpack",
     "return select('#', table.unpack({1,2,3}))..select('#', table.unpack({}, 1, 5))..(table.unpack({7,8},2))",
     "358"},
    {"unpack is bounded", "table.unpack({}, 1, 1e8)",
     "error: t:1: limit: table.unpack over 100000000 elements (most: 1000000)"},
    {"unpack and the stack", "table.unpack({}, 1, 1e6)", "error: t:1: too many results to unpack"},
    {"move",
     "local t={1,2,3,4,5} table.move(t,1,3,2) local a=table.concat(t) table.move(t,2,5,1) return a..table.concat(t)..table.concat(table.move({1,2},1,2,2,{0}))",
     "1123512355012"},
    {"move is bounded", "table.move({},1,1e8,2)",
     "error: t:1: limit: table.move over 100000000 elements (most: 1000000)"},
    {"move does not wrap", "table.move({},1,2,math.maxinteger)",
     "error: t:1: bad argument #4 to 'move' (destination wrap around)"},
    {"pack", "local t=table.pack(1,nil,3) return t.n..t[3]", "33"},
    {"sort sorts",
     "local t={3,1,2} table.sort(t) local u={'b','a'} table.sort(u) table.sort(t, nil) return table.concat(t)..table.concat(u)",
     "123ab"},
    {"sort of nothing asks nobody",
     "table.sort({}) table.sort({1}, function() error('asked') end) return 'ok'", "ok"},
    {"sort finds <= in the first test", "table.sort({1,2}, function(a,b) return a<=b end)",
     "error: t:1: invalid order function for sorting: it says that an element comes before itself; compare with < or >"},
    {"sort finds contradictions", "local n=0 table.sort({1,2,3,4,5,6}, function(a,b) return a~=b end)",
     "error: t:1: invalid order function for sorting: its answers contradict each other"},
    {"sort passes the comparator's error on and keeps the list",
     "local t={3,1,2} local ok,e=pcall(table.sort,t,function(a,b) error('mine',0) end) return e..table.concat(t)",
     "mine312"},
    {"sort cannot compare everything", "table.sort({1,'x'})", "error: attempt to compare string with number"},
    {"sort wants a function", "table.sort({1,2}, 5)",
     "error: t:1: bad argument #2 to 'sort' (function expected, got number)"},
    {"sort in a comparator",
     "local t={2,1} table.sort(t,function(a,b) local u={3,1} table.sort(u) return a<b end) return table.concat(t)",
     "12"},
    {"a comparator that empties the list",
     "local t={3,1,2} table.sort(t,function(a,b) t[1]=nil t[2]=nil return a<b end) return table.concat(t)",
     "123"},
    {"sort is stable for every length",
     "for n=0,150 do local t={} for i=1,n do t[i]={k=math.random(5), i=i} end table.sort(t, function(a,b) return a.k<b.k end)\n"
     "for i=2,n do local a,b=t[i-1],t[i] assert(a.k<b.k or a.k==b.k and a.i<b.i) end assert(#t==n) end return 'stable'",
     "stable"},
    {"sort is stable for many",
     "local t={} for i=1,30000 do t[i]={k=math.random(500), i=i} end table.sort(t, function(a,b) return a.k>b.k end)\n"
     "for i=2,#t do local a,b=t[i-1],t[i] assert(a.k>b.k or a.k==b.k and a.i<b.i) end return #t",
     "30000"},
};

static void table_keeps_its_promises(void **state) {
  (void)state;
  CHECK_CASES(table_cases);
}

/* ---- math, utf8 ---- */

static const struct lua_case math_cases[] = {
    {"an empty interval", "math.random(0.5)",
     "error: t:1: bad argument #1 to 'random' (number has no integer representation)"},
    {"an empty interval", "math.random(2, 1)", "error: t:1: bad argument #2 to 'random' (interval is empty)"},
    {"too many arguments", "math.random(1, 2, 3)", "error: t:1: wrong number of arguments"},
    {"constants",
     "return math.pi > 3 and math.huge > 1 and math.maxinteger // 1 == math.maxinteger and math.ult(1, -1) and 'ok'",
     "ok"},
    {"utf8", "return utf8.char(233, 8364) .. utf8.len('h\\u{e9}') .. #utf8.charpattern",
     "\xc3\xa9\xe2\x82\xac"
     "214"},
};

static void math_keeps_its_promises(void **state) {
  (void)state;
  CHECK_CASES(math_cases);
}

static void random_is_seeded_and_as_stock_lua(void **state) {
  (void)state;
  /* The state that stock randomseed(7, 0) makes: 7, 0xff, 0, 0 */
  static const uint8_t as_stock[32] = {[0] = 7, [8] = 0xff};
  static const char draw[] =
      "local t = {} for i = 1, 200 do t[#t + 1] = ('%.17g %d %d %d %d'):format(math.random(), "
      "math.random(6), math.random(-5, 1000), math.random(0), math.random(math.mininteger, math.maxinteger)) end "
      "return table.concat(t, ' ')";
  struct machine *ours = new_machine(open_ours, 5), *again = new_machine(open_ours, 5),
                 *stock = new_machine(open_stock, 5);
  lib_math_seed(ours->L, as_stock);
  run_text(stock, "math.randomseed(7, 0) return ''");
  assert_string_equal(run_text(ours, draw), run_text(stock, draw));
  assert_string_not_equal(run_text(ours, draw), run_text(again, draw));
  lib_math_seed(ours->L, seed_bytes);
  lib_math_seed(again->L, seed_bytes);
  assert_string_equal(run_text(ours, draw), run_text(again, draw));
  machine_free(ours);
  machine_free(again);
  machine_free(stock);
}

/* ---- limits ---- */

static void loops_burn(void **state) {
  (void)state;
  static const char *const loops[] = {
      "for i = 1, 1e9 do ('x'):rep(4000):find('y.') end",
      "local t = {} for i = 1, 9e5 do t[i] = 1 end for i = 1, 1e9 do table.insert(t, 1, 1) end",
      "local t = {} for i = 1, 1e5 do t[i] = -i end for i = 1, 1e9 do table.sort(t, function(a, b) return a < b end) t[1] = 0 end",
      "local t = {} for i = 1, 1e5 do t[-i] = i end for i = 1, 1e9 do pairs(t) end",
      "local t = {} for i = 1, 1e5 do t[-i] = i end for i = 1, 1e9 do next(t) end",
      "local t = {} for i = 1, 1e5 do t[i] = i end for i = 1, 1e9 do table.concat(t) end",
      "local s = ('x'):rep(1e6) for i = 1, 1e9 do s:find('y', 1, true) end",
  };
  for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
    struct machine *m = new_machine(open_ours, 0.1);
    ends_within(60); /* without a limit each takes longer */
    const char *got = run_text(m, loops[i]);
    if (strncmp(got, "error: t:1: limit: ", 19) != 0 || m->kill != MACHINE_KILL_CPU)
      fail_msg("%s: %s", loops[i], got);
    machine_free(m);
  }
}

static int kernel_timers(void) {
  char line[200];
  int n = 0;
  FILE *f = fopen("/proc/self/timers", "r");
  while (f && fgets(line, sizeof line, f)) n += strncmp(line, "ID:", 3) == 0;
  if (f) fclose(f);
  return n;
}

static void *run_a_machine(void *arg) {
  machine_free(new_machine(open_ours, 1));
  return arg;
}

/* A web request is a thread; a process may have only so many timers. */
static void a_thread_that_ran_scripts_leaves_no_timer_behind(void **state) {
  (void)state;
  machine_free(new_machine(open_ours, 1)); /* this thread's */
  int before = kernel_timers();
  for (int i = 0; i < 20; i++) {
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_a_machine, NULL), 0);
    pthread_join(thread, NULL);
  }
  assert_int_equal(kernel_timers(), before);
}

static void every_library_fits_into_its_memory(void **state) {
  (void)state;
  struct error e = {0};
  struct machine *m = machine_new(NULL, &e);
  size_t bare = m->used, before;
  static const struct {
    const char *name;
    void (*open)(lua_State *L);
  } libs[] = {{"base", lib_open_base},
              {"string", lib_open_string},
              {"table", lib_open_table},
              {"math", lib_open_math},
              {"utf8", lib_open_utf8}};
  for (int i = 0; i < 5; i++) {
    before = m->used;
    libs[i].open(m->L);
    lua_gc(m->L, LUA_GCCOLLECT);
    lua_gc(m->L, LUA_GCCOLLECT);
    assert_int_equal(lua_gettop(m->L), 0);
    print_message("  %-8s %6zu bytes\n", libs[i].name, m->used - before);
  }
  print_message("  together %6zu bytes, peak %zu, bare state %zu\n", m->used - bare, m->peak - bare, bare);
  assert_in_range(m->used - bare, 1000, 12 * 1024);
  machine_free(m);
  uint64_t start = clock_thread_cpu_ns();
  for (int i = 0; i < 500; i++) machine_free(new_machine(open_ours, 1));
  print_message("  open and close %.1f us\n", (double)(clock_thread_cpu_ns() - start) / 500e3);
}

static const char *const busy_text =
    "local t = {} for i = 1, 100 do t['k' .. i] = i t[i] = 100 - i end\n"
    "local n = 0 for k in pairs(t) do n = n + 1 end\n"
    "table.sort(t, function(a, b) return a < b end)\n"
    "local s = table.concat(t, ','):gsub('%d+', function(d) return d .. d end):rep(20)\n"
    "for w in s:gmatch('%d+') do n = n + #w end\n"
    "return ('%s %s'):format(n, {}):upper()";

static void open_and_run(lua_State *L, void *arg) {
  (void)arg;
  open_ours(L, NULL);
  lua_gc(L, LUA_GCSTOP); /* so that each allocation counts */
  luaL_loadstring(L, busy_text);
  lua_call(L, 0, 1);
  lua_pop(L, 1);
}

/* The k-th allocation fails, for every k: an error each time, nothing lost (the address sanitizer looks). */
static void too_little_memory_is_an_error(void **state) {
  (void)state;
  int failed = 0, done = 0;
  for (size_t cap = 6000; cap < 600000 && done < 3; cap += cap < 60000 ? 97 : 1999) {
    struct error e = {0};
    struct machine_limits limits = machine_default_limits;
    limits.memory = cap;
    struct machine *m = machine_new(&limits, &e);
    if (!m) continue;
    if (machine_protect(m, open_and_run, NULL, &e) == OK)
      done++;
    else
      failed++;
    machine_free(m);
  }
  assert_in_range(failed, 100, 2000);
  assert_int_equal(done, 3);
}

/* ---- strict globals, and tables that are made when a script names them ---- */

static void open_extra(lua_State *L) {
  lua_newtable(L);
  lua_pushliteral(L, "here");
  lua_setfield(L, -2, "it");
  lua_setglobal(L, "extra");
}

static void open_never(lua_State *L) {
  luaL_error(L, "no room");
}

static void open_sandbox(lua_State *L, void *arg) {
  static const struct sandbox_table later[] = {{"extra", open_extra}, {"never", open_never}, {NULL, NULL}};
  (void)arg;
  sandbox_open(L, seed_bytes);
  sandbox_close_globals(L, later);
}

static void names_are_there_when_they_are_said(void **state) {
  (void)state;
  static const struct lua_case cases[] = {
      {"a table is made once",
       "local e = extra; e.mark = 1; return extra.it .. tostring(extra == e) .. extra.mark", "heretrue1"},
      {"so are libraries", "return utf8.char(233) .. table.concat({1, 2}) .. math.max(1, 2)", "\u00e9122"},
      {"globals stay strict once one was made", "local e = extra; x = 1",
       "error: t:1: 'x' would be a new global"},
      {"and when making one failed", "local ok, why = pcall(function() return never end); x = why",
       "error: t:1: 'x' would be"},
      {"the failure is told, each time", "pcall(function() return never end); return never",
       "error: no room"},
      {"a near name is one that was not made yet", "return exta",
       "error: t:1: unknown name 'exta'; did you mean 'extra'?"},
      {"or of a library", "return mathh", "error: t:1: unknown name 'mathh'; did you mean 'math'?"},
      {"_G is not there", "return _G", "error: t:1: unknown name '_G'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct machine *m = new_machine(open_sandbox, 5);
    const char *got = run_text(m, cases[i].text), *want = cases[i].result;
    if (strncmp(got, want, strlen(want)) != 0)
      fail_msg("%s\n  want %s\n  got  %s", cases[i].promise, want, got);
    machine_free(m);
  }
  struct machine *a = new_machine(open_sandbox, 5), *b = new_machine(open_ours, 5);
  const char *draw = "return math.random(1 << 40) .. ' ' .. math.random(1 << 40)";
  assert_string_equal(run_text(a, draw), run_text(b, draw)); /* seeded, also when opened late */
  machine_free(a);
  machine_free(b);
}

/* A cache that forgets by itself would make a resumed run see something else than the run that was killed. */
static void weaken(lua_State *L, void *arg) {
  if (luaL_dostring(L, arg) != LUA_OK) lua_error(L);
}

static void a_table_made_weak_later_stops_its_script(void **state) {
  (void)state;
  static char *const texts[] = {
      "local m = {} local t = setmetatable({}, m) m.__mode = 'k'",
      "local m = {} m.__index = m setmetatable({}, m) m.__mode = 'kv' m.x = 1",
      "local c = setmetatable({}, {}) getmetatable(c).__mode = 'v'",
      "local a, b = {}, {} setmetatable(setmetatable({}, a), b) a.__mode = 'k' hold = a"};
  static char *const sound[] = {"local m = {} setmetatable({}, m) m.__mode = 'k' m.__mode = nil",
                                "local m = {__index = {}} for i = 1, 100 do setmetatable({}, m) end",
                                "local m = {} m.__mode = 'k'"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct error e = {0};
    struct machine *m = new_machine(open_ours, 5);
    assert_int_equal(machine_protect(m, weaken, texts[i], &e), ERR_SCRIPT);
    assert_non_null(strstr(e.message, "__mode"));
    assert_int_equal(m->kill, MACHINE_KILL_WEAK);
    machine_free(m);
  }
  for (size_t i = 0; i < sizeof sound / sizeof *sound; i++) {
    struct error e = {0};
    struct machine *m = new_machine(open_ours, 5);
    assert_int_equal(machine_protect(m, weaken, sound[i], &e), OK);
    assert_int_equal(m->kill, MACHINE_ALIVE);
    machine_free(m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(base_keeps_its_promises),
      cmocka_unit_test(pairs_bodies_may_wait),
      cmocka_unit_test(pairs_order_is_the_same_in_every_state),
      cmocka_unit_test(table_keeps_its_promises),
      cmocka_unit_test(math_keeps_its_promises),
      cmocka_unit_test(random_is_seeded_and_as_stock_lua),
      cmocka_unit_test(loops_burn),
      cmocka_unit_test(a_thread_that_ran_scripts_leaves_no_timer_behind),
      cmocka_unit_test(every_library_fits_into_its_memory),
      cmocka_unit_test(too_little_memory_is_an_error),
      cmocka_unit_test(names_are_there_when_they_are_said),
      cmocka_unit_test(a_table_made_weak_later_stops_its_script),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
