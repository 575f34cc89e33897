/* event.c - see event.h. */
#include "view/event.h"

#include "view/words.h"

json_t *view_event(const struct event_row *event) {
  json_t *data = view_parsed(event->data);
  if (!json_is_object(data)) {
    json_decref(data);
    data = json_object();
  }
  json_object_del(data, "i");
  json_object_set_new(data, "type", json_string(event->kind));
  json_object_set_new(data, "id", json_integer(event->id));
  json_object_set_new(data, "run", json_integer(event->run));
  view_set_time(data, "at", event->at);
  return data;
}
