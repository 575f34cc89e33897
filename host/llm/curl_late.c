/* curl_late.c - see curl_late.h.
 *
 * It brings 28 libraries with it, which is two fifths of what starting `quire` costs, and most commands send no request, nor do runs on the embedded
 * model. Each function here is libcurl's own by name and by contract, and calls it. The first call of any loads the library and
 * initialises it; where that cannot be done, curl_late_load has said so before. Any thread. */
#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "llm/curl_late.h"

#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

/* What follows an option is a long, a curl_off_t or a pointer: handed on as a pointer, it is the same bits in the same place. */
_Static_assert(sizeof(long) == sizeof(void *) && sizeof(curl_off_t) == sizeof(void *), "one size of values");

/* type, name, parameters, arguments */
#define PLAIN_FUNCTIONS(X)                                                                                   \
  X(void, curl_free, (void *p), (p))                                                                         \
  X(CURL *, curl_easy_init, (void), ())                                                                      \
  X(void, curl_easy_reset, (CURL * easy), (easy))                                                            \
  X(void, curl_easy_cleanup, (CURL * easy), (easy))                                                          \
  X(const char *, curl_easy_strerror, (CURLcode code), (code))                                               \
  X(CURLM *, curl_multi_init, (void), ())                                                                    \
  X(CURLMcode, curl_multi_cleanup, (CURLM * multi), (multi))                                                 \
  X(CURLMcode, curl_multi_add_handle, (CURLM * multi, CURL * easy), (multi, easy))                           \
  X(CURLMcode, curl_multi_remove_handle, (CURLM * multi, CURL * easy), (multi, easy))                        \
  X(CURLMsg *, curl_multi_info_read, (CURLM * multi, int *left), (multi, left))                              \
  X(CURLMcode, curl_multi_assign, (CURLM * multi, curl_socket_t fd, void *p), (multi, fd, p))                \
  X(CURLMcode, curl_multi_socket_action, (CURLM * multi, curl_socket_t fd, int events, int *running),        \
    (multi, fd, events, running))                                                                            \
  X(struct curl_slist *, curl_slist_append, (struct curl_slist * list, const char *text), (list, text))      \
  X(void, curl_slist_free_all, (struct curl_slist * list), (list))                                           \
  X(CURLU *, curl_url, (void), ())                                                                           \
  X(void, curl_url_cleanup, (CURLU * url), (url))                                                            \
  X(CURLUcode, curl_url_get, (CURLU * url, CURLUPart part, char **text, unsigned flags),                     \
    (url, part, text, flags))                                                                                \
  X(CURLUcode, curl_url_set, (CURLU * url, CURLUPart part, const char *text, unsigned flags),                \
    (url, part, text, flags))

/* type, name, type of the handle, type of the option */
#define OPTION_FUNCTIONS(X)                                                                                  \
  X(CURLcode, curl_easy_setopt, CURL *, CURLoption)                                                          \
  X(CURLcode, curl_easy_getinfo, CURL *, CURLINFO)                                                           \
  X(CURLMcode, curl_multi_setopt, CURLM *, CURLMoption)

#define PLAIN_MEMBER(type, name, params, args)    type(*name) params;
#define OPTION_MEMBER(type, name, handle, option) type (*name)(handle, option, ...);
static struct {
  PLAIN_FUNCTIONS(PLAIN_MEMBER)
  OPTION_FUNCTIONS(OPTION_MEMBER)
} curl;

static char trouble[300]; /* why there is none */

static void *find(void *library, const char *name) {
  void *function = library ? dlsym(library, name) : NULL;
  if (library && !function && !trouble[0]) snprintf(trouble, sizeof trouble, "libcurl has no %s", name);
  return function;
}

#define FIND(type, name, a, b) *(void **)&curl.name = find(library, #name);
static void load_once(void) {
  void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
  if (!library) snprintf(trouble, sizeof trouble, "libcurl does not load: %s", dlerror());
  PLAIN_FUNCTIONS(FIND)
  OPTION_FUNCTIONS(FIND)
  CURLcode (*init)(long) = NULL;
  *(void **)&init = find(library, "curl_global_init");
  if (init && init(CURL_GLOBAL_DEFAULT)) snprintf(trouble, sizeof trouble, "libcurl does not start");
}

enum err curl_late_load(struct error *e) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, load_once);
  if (!trouble[0]) return OK;
  err_set(e, ERR_CONFIG, "%s", trouble);
  err_hint(e, "install it (Debian: libcurl4), then retry the run");
  return ERR_CONFIG;
}

static void load(void) {
  struct error e;
  if (curl_late_load(&e) != OK) fatal("%s", e.message);
}

#define PLAIN_CALL(type, name, params, args)                                                                 \
  type name params {                                                                                         \
    load();                                                                                                  \
    return curl.name args;                                                                                   \
  }
PLAIN_FUNCTIONS(PLAIN_CALL)

#define OPTION_CALL(type, name, handle, option)                                                              \
  type name(handle h, option o, ...) {                                                                       \
    load();                                                                                                  \
    va_list values;                                                                                          \
    va_start(values, o);                                                                                     \
    void *value = va_arg(values, void *);                                                                    \
    va_end(values);                                                                                          \
    return curl.name(h, o, value);                                                                           \
  }
OPTION_FUNCTIONS(OPTION_CALL)
