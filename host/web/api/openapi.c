/* openapi.c - GET /api/openapi.json: the rows of routes.c as an OpenAPI 3.0 document. Pages are left out: they are for people. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/version.h"
#include "web/api/handlers.h"
#include "web/internal.h"

/* ---- "name:type*" lists */

static json_t *schema_of(const char *type, size_t n) {
  char name[20];
  snprintf(name, sizeof name, "%.*s", (int)(n < sizeof name - 1 ? n : sizeof name - 1), type);
  if (strcmp(name, "any") == 0) return json_object();
  json_t *schema = json_pack("{s:s}", "type", name);
  if (strcmp(name, "array") == 0) json_object_set_new(schema, "items", json_object());
  return schema;
}

struct field {
  const char *name, *type;
  size_t n_name, n_type;
  bool required;
};

/* The next field of the list at *at; false at its end. */
static bool next_field(const char **at, struct field *f) {
  *at += strspn(*at, " ");
  if (!**at) return false;
  size_t n = strcspn(*at, " "), colon = strcspn(*at, ":");
  *f = (struct field){.name = *at, .n_name = colon, .type = *at + colon + 1, .n_type = n - colon - 1};
  f->required = f->n_type > 0 && f->type[f->n_type - 1] == '*';
  if (f->required) f->n_type--;
  *at += n;
  return true;
}

/* ---- one operation */

static void add_parameter(json_t *list, const char *name, size_t n, const char *in, bool required,
                          json_t *schema) {
  json_array_append_new(list, json_pack("{s:s%, s:s, s:b, s:o}", "name", name, n, "in", in, "required",
                                        required, "schema", schema));
}

/* Of the path: "{id}" is a number, all else text. */
static void add_path_parameters(json_t *list, const char *path) {
  for (const char *open = path; (open = strchr(open, '{')); open++) {
    size_t n = strcspn(open + 1, "}.");
    bool number = n == 2 && strncmp(open + 1, "id", 2) == 0;
    add_parameter(list, open + 1, n, "path", true, json_pack("{s:s}", "type", number ? "integer" : "string"));
  }
}

static json_t *parameters(const struct web_route *row) {
  json_t *list = json_array();
  struct field f;
  add_path_parameters(list, row->route.path);
  for (const char *at = row->query; at && next_field(&at, &f);)
    add_parameter(list, f.name, f.n_name, "query", f.required, schema_of(f.type, f.n_type));
  return list;
}

/* "*:any" is a body of any form. */
static json_t *body(const struct web_route *row) {
  json_t *properties = json_object(), *required = json_array(), *schema;
  struct field f;
  if (strcmp(row->body, "*:any") == 0) {
    schema = json_object();
  } else {
    for (const char *at = row->body; next_field(&at, &f);) {
      json_object_setn_new(properties, f.name, f.n_name, schema_of(f.type, f.n_type));
      if (f.required) json_array_append_new(required, json_stringn(f.name, f.n_name));
    }
    schema = json_pack("{s:s, s:O}", "type", "object", "properties", properties);
    if (json_array_size(required)) json_object_set(schema, "required", required);
  }
  json_decref(properties);
  json_decref(required);
  return json_pack("{s:b, s:{s:{s:o}}}", "required", 1, "content", "application/json", "schema", schema);
}

static json_t *answers(const struct web_route *row) {
  bool stream = strcmp(row->route.path, "/api/events") == 0;
  const char *type = stream                                     ? "text/event-stream"
                     : strcmp(row->route.path, "/metrics") == 0 ? "text/plain"
                                                                : "application/json";
  return json_pack("{s:{s:s, s:{s:{}}}, s:{s:s}}", "2XX", "description",
                   row->answer ? row->answer : row->route.help, "content", type, "default", "$ref",
                   "#/components/responses/Error");
}

static json_t *operation(const struct web_route *row) {
  static const char *const scopes[] = {
      [SCOPE_OPEN] = "open",   [SCOPE_PAGE] = "read",   [SCOPE_READ] = "read",
      [SCOPE_WRITE] = "write", [SCOPE_OWNER] = "owner", [SCOPE_METRICS] = "metrics"};
  json_t *v = json_pack("{s:s, s:s, s:o, s:o}", "summary", row->route.help, "x-scope", scopes[row->scope],
                        "parameters", parameters(row), "responses", answers(row));
  if (row->body) json_object_set_new(v, "requestBody", body(row));
  if (row->scope == SCOPE_OPEN) json_object_set_new(v, "security", json_array());
  return v;
}

/* ---- the document */

/* "{name...}" is written "{name}" in OpenAPI; that it may hold slashes stands in no place there. */
static char *path_of(const char *path) {
  char *out = mem_dup(path), *dots = strstr(out, "...}");
  if (dots) memmove(dots, dots + 3, strlen(dots + 3) + 1);
  return out;
}

static void add_row(json_t *paths, const struct web_route *row) {
  char *path = path_of(row->route.path), method[12] = "";
  for (size_t i = 0; row->route.method[i] && i + 1 < sizeof method; i++)
    method[i] = (char)(row->route.method[i] | 0x20);
  json_t *item = json_object_get(paths, path);
  if (!item) {
    item = json_object();
    json_object_set_new(paths, path, item);
  }
  json_object_set_new(item, method, operation(row));
  free(path);
}

static json_t *components(void) {
  return json_pack(
      "{s:{s:{s:s, s:s}, s:{s:s, s:s, s:s}}, s:{s:{s:s, s:{s:{s:{s:s, s:{s:{s:s, s:{s:{s:s}, s:{s:s}, s:{s:s}}}}}}}}}}",
      "securitySchemes", "token", "type", "http", "scheme", "bearer", "session", "type", "apiKey", "in",
      "cookie", "name", "quire_session", "responses", "Error", "description", "what is wrong, and what to do",
      "content", "application/json", "schema", "type", "object", "properties", "error", "type", "object",
      "properties", "code", "type", "string", "message", "type", "string", "hint", "type", "string");
}

void get_openapi(struct request *q, struct response *a, void *arg) {
  struct web *w = arg;
  json_t *paths = json_object();
  (void)q;
  for (size_t i = 0; i < web_routes_n; i++) add_row(paths, &web_routes[i]);
  json_t *v = json_pack("{s:s, s:{s:s, s:s}, s:[{s:s}], s:[{s:[]}, {s:[]}], s:o, s:o}", "openapi", "3.0.3",
                        "info", "title", "Quire", "version", QUIRE_VERSION, "servers", "url", w->base,
                        "security", "token", "session", "paths", paths, "components", components());
  response_json(a, 200, v);
}
