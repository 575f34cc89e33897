-- models.lua: prices and context sizes of models, as data. US dollars per million tokens.
--
-- A model that is not listed has an unknown price: its calls are shown as "unknown", and the limits on calls hold. Prices change often,
-- so nothing is guessed here. Add what you have read at your provider, here or under `prices` in the library's quire.lua:
--
--   { model = "openai/NAME", input = 2.50, cached_read = 1.25, output = 10.00, context = 128000,
--     date = "2026-11-23", source = "https://..." },
--
-- Providers that say what a call cost (OpenRouter) need no entry for the bill, but one for the reservation before the call.
return {
  { model = "rehearsal/rehearsal", input = 0, cached_read = 0, cache_write = 0, output = 0, context = 1000000,
    date = "2026-11-23", source = "the embedded model costs nothing" },
}
