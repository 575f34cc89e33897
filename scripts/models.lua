-- models.lua: what is known of models, as data. US dollars per million tokens, sizes in tokens, each row with the date of its source.
--
-- A model that is not listed has an unknown price: its calls are shown as "unknown", and the limits on calls hold. Prices change often,
-- so nothing is guessed here: what could not be read somewhere is left out (a price of cached tokens that is not there counts as the
-- plain one). `quire models` shows the age of each row. What you read at your provider goes under `prices` in the library's quire.lua, in
-- the same form, and goes before this list and before what servers told:
--
--   prices = { ["openai/NAME"] = { batch = 50, input = 2.50, cached_read = 1.25, output = 10.00, context = 128000, max_output = 16384 } },
--
-- Providers that say what a call cost (OpenRouter) need no row for the bill, but one for the reservation before the call.
--
-- `flex` and `batch` are percent of the price of a call in that tier (https://developers.openai.com/api/docs/guides/flex-processing: "priced at
-- Batch API rates"; https://platform.claude.com/docs/en/build-with-claude/batch-processing; https://ai.google.dev/gemini-api/docs/batch-api).
--
-- How a model is asked is the same wherever it is served, so it stands in `families`: `name` is a glob over "provider/model", small and
-- capital letters alike; the first that fits counts. A row of `models` (or of quire.lua) may say the same things of one model:
--
--   thinks      "never", "asked" (only when it is asked to), "default" (unless it is told not to) or "always"
--   thought     tokens that it thinks when nobody says how much; each answer has that room beside its words. Every service listed counts
--               thinking inside the limit of an answer
--   least       the least thinking that it can be asked for: "none", "minimal" or "low". Roles that ask for "little" get that
--   thinking    how it is asked: Claude "adaptive" or "budget", Gemini "level" or "budget", DeepSeek "switch"; others by an effort
--   structured  how it takes a schema: "schema" (as JSON schema; the adapter knows the dialect), "json_object", or "prompt": not at all
--   refuses     parameters that are not sent to it
local openai = "https://developers.openai.com/api/docs/models/"
local claude = "https://platform.claude.com/docs/en/about-claude/pricing"
local gemini = "https://ai.google.dev/gemini-api/docs/pricing"
local deepseek = "https://api-docs.deepseek.com/quick_start/pricing"
local groq = "https://console.groq.com/docs/models"
local mistral = "https://mistral.ai/pricing, read by https://github.com/pydantic/genai-prices"
local efforts = "https://learn.microsoft.com/en-us/javascript/api/@azure/ai-projects/reasoningeffort"
local adaptive = "https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking"
local fifth = "https://openrouter.ai/docs/cookbook/evaluate-and-optimize/model-migrations/claude-5-5"
local levels = "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/guides/gemini-3-5-flash"
local hexdocs = "https://hexdocs.pm/gemini_ex/0.11.0/Gemini.Validation.ThinkingConfig.md"
local ollama = "https://ollama.com/blog/thinking"
local qwen = "https://huggingface.co/Qwen/Qwen3-30B-A3B-Instruct-2507"
local sampling, chosen = { "temperature", "top_p" }, { "temperature", "top_p", "top_k" }
local genai = "https://github.com/pydantic/genai-prices, prices/providers/openai.yml"
local releases = "https://github.com/uttamdeb/agent-telemetry/releases/tag/v1.6.6"

return {
  families = {
    -- OpenAI. Those that think take no temperature.
    { name = "*gpt-oss*", thinks = "always", thought = 8192, least = "low", date = "2026-11-27", source = "https://console.groq.com/docs/reasoning" },
    { name = "*gpt-6*", thinks = "default", thought = 8192, least = "none", refuses = sampling, date = "2026-09-22",
      source = "https://docs.litellm.ai/blog/gpt_6_sol_luna" },
    { name = "*gpt-5-pro*", thinks = "always", thought = 16384, least = "high", refuses = sampling, date = "2026-11-27", source = efforts },
    { name = "*gpt-5.*", thinks = "default", thought = 8192, least = "none", refuses = sampling, date = "2026-11-27", source = efforts },
    { name = "*gpt-5*", thinks = "always", thought = 8192, least = "minimal", refuses = sampling, date = "2026-11-27", source = efforts },
    { name = "*openai/o[134]*", thinks = "always", thought = 8192, least = "low", refuses = sampling, date = "2026-11-27", source = efforts },
    { name = "*gpt-4*", thinks = "never", date = "2025-07-04", source = genai },
    -- Anthropic. The fifth generation thinks unless it is told not to, and Opus 5.5 and Fable whatever it is told.
    { name = "*claude-opus-5?5*", thinks = "always", thought = 8192, least = "low", thinking = "adaptive", refuses = chosen,
      date = "2026-11-27", source = fifth },
    { name = "*claude-fable*", thinks = "always", thought = 16384, least = "low", thinking = "adaptive", refuses = chosen,
      date = "2026-11-09", source = "https://docs.apiyi.com/en/live/2026-11/claude-thinking-guide-refresh" },
    { name = "*claude-sonnet-5*", thinks = "always", thought = 16384, least = "low", thinking = "adaptive", refuses = chosen,
      date = "2026-11-27", source = fifth },
    { name = "*claude-haiku-5?5*", thinks = "default", thought = 8192, least = "none", thinking = "adaptive", refuses = chosen,
      date = "2026-11-27", source = fifth },
    { name = "*claude-opus-5*", thinks = "default", thought = 16384, least = "none", thinking = "adaptive", refuses = chosen,
      date = "2026-11-27", source = "https://platform.claude.com/docs/en/models/opus-5/migration-guide" },
    { name = "*claude-opus-4?[78]*", thinks = "asked", least = "none", thinking = "adaptive", refuses = chosen,
      date = "2026-11-27", source = "https://openrouter.ai/docs/guides/evaluate-and-optimize/model-migrations/claude-4-7" },
    { name = "*claude-*-4?6*", thinks = "asked", least = "none", thinking = "adaptive", date = "2026-11-27", source = adaptive },
    { name = "*claude-*-4?5*", thinks = "asked", least = "none", thinking = "budget", date = "2026-11-27", source = adaptive },
    -- Google
    { name = "*gemini-2?5-pro*", thinks = "always", thought = 16384, least = "minimal", thinking = "budget", date = "2026-11-27", source = hexdocs },
    { name = "*gemini-2?5*", thinks = "default", thought = 8192, least = "none", thinking = "budget", date = "2026-11-27", source = hexdocs },
    { name = "*gemini-3*lite*", thinks = "always", thought = 4096, least = "minimal", thinking = "level", date = "2026-11-27", source = levels },
    { name = "*gemini-3*pro*", thinks = "always", thought = 16384, least = "low", thinking = "level", date = "2026-11-27", source = levels },
    { name = "*gemini-3?8*", thinks = "always", thought = 16384, least = "low", thinking = "level", date = "2026-11-27",
      source = "https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thinking" },
    { name = "*gemini-3*", thinks = "always", thought = 8192, least = "minimal", thinking = "level", date = "2026-11-27", source = levels },
    -- DeepSeek: a schema is refused by its own service.
    { name = "deepseek/*", thinks = "default", thought = 16384, least = "none", thinking = "switch", structured = "json_object", refuses = { "temperature" },
      date = "2026-11-27", source = "https://api-docs.deepseek.com/guides/thinking_mode.md" },
    { name = "ollama/*deepseek-r1*", thinks = "default", thought = 8192, least = "none", date = "2026-11-27", source = ollama },
    { name = "*deepseek-r1*", thinks = "always", thought = 16384, date = "2026-11-27", source = ollama },
    -- Mistral
    { name = "*magistral*", thinks = "always", thought = 16384, date = "2026-11-27", source = "https://huggingface.co/mistralai/Magistral-Small-2507" },
    { name = "mistral/mistral-small*", thinks = "asked", least = "none", date = "2026-11-27", source = "https://github.com/pydantic/pydantic-ai/issues/5285" },
    { name = "mistral/mistral-medium*", thinks = "asked", least = "none", date = "2026-11-27", source = "https://github.com/pydantic/pydantic-ai/issues/5285" },
    { name = "mistral/*", thinks = "never", date = "2026-11-27", source = "https://github.com/pydantic/pydantic-ai/issues/5285" },
    -- Groq takes a schema with few models; with the others it takes its JSON mode.
    { name = "groq/llama*", thinks = "never", structured = "json_object", date = "2026-11-27", source = "https://console.groq.com/docs/structured-outputs.md" },
    -- Qwen, wherever it is served
    { name = "*qwen3*instruct*", thinks = "never", date = "2026-11-27", source = qwen },
    { name = "*qwen3*coder*", thinks = "never", date = "2026-11-27", source = "https://huggingface.co/Qwen/Qwen3-Coder-30B-A3B-Instruct" },
    { name = "*qwen3*thinking*", thinks = "always", thought = 16384, date = "2026-11-27", source = "https://huggingface.co/Qwen/Qwen3-30B-A3B-Thinking-2507" },
    { name = "*qwen3*", thinks = "default", thought = 8192, least = "none", date = "2026-11-27", source = ollama },
    { name = "*qwq*", thinks = "always", thought = 16384, date = "2026-11-27", source = "https://huggingface.co/Qwen/QwQ-32B" },
  },
  models = {
    ["rehearsal/rehearsal"] = { input = 0, cached_read = 0, cache_write = 0, output = 0, context = 1000000,
      date = "2026-11-23", source = "the embedded model costs nothing" },
    -- OpenAI. Of those with a context of 1,050,000 a prompt of more than 272,000 tokens costs twice as much.
    ["openai/gpt-6-luna"] = { flex = 50, batch = 50, input = 0.1, cached_read = 0.01, output = 0.5, context = 1050000, max_output = 128000,
      date = "2026-10-13", source = openai.."gpt-6-luna" },
    ["openai/gpt-6.2-sol"] = { flex = 50, batch = 50, input = 2, cached_read = 0.1, cache_write = 2.5, output = 10, context = 1050000, max_output = 128000,
      date = "2026-11-18", source = openai.."gpt-6.2-sol" },
    ["openai/gpt-6.2-astra"] = { flex = 50, batch = 50, input = 8, output = 40, context = 1050000, max_output = 128000,
      date = "2026-11-18", source = openai.."gpt-6.2-astra" },
    ["openai/gpt-6.1-sol"] = { flex = 50, batch = 50, input = 2, cached_read = 0.1, cache_write = 2.5, output = 10, context = 1050000, max_output = 128000,
      date = "2026-09-30", source = openai.."gpt-6.1-sol" },
    ["openai/gpt-6-sol"] = { flex = 50, batch = 50, input = 2, cached_read = 0.2, cache_write = 2.5, output = 10, context = 1050000, max_output = 128000,
      date = "2026-10-13", source = openai.."gpt-6-sol" },
    ["openai/gpt-6-astra"] = { flex = 50, batch = 50, input = 10, cached_read = 1, cache_write = 12.5, output = 50, context = 1050000, max_output = 128000,
      date = "2026-09-05", source = openai.."gpt-6-astra" },
    ["openai/gpt-5.2"] = { flex = 50, batch = 50, input = 1.75, cached_read = 0.175, output = 14,
      date = "2026-09-30", source = releases },
    ["openai/gpt-5.1"] = { flex = 50, batch = 50, input = 1.25, cached_read = 0.125, output = 10, context = 400000,
      date = "2025-11-13", source = genai },
    ["openai/gpt-5"] = { flex = 50, batch = 50, input = 1.25, cached_read = 0.125, output = 10, context = 400000,
      date = "2025-11-13", source = genai },
    ["openai/gpt-5-mini"] = { flex = 50, batch = 50, input = 0.25, cached_read = 0.025, output = 2, context = 400000,
      date = "2025-11-13", source = genai },
    ["openai/gpt-5-nano"] = { flex = 50, batch = 50, input = 0.05, cached_read = 0.005, output = 0.4, context = 400000,
      date = "2025-11-13", source = genai },
    ["openai/gpt-4.1"] = { batch = 50, input = 2, cached_read = 0.5, output = 8, context = 1000000,
      date = "2025-07-04", source = genai },
    ["openai/gpt-4.1-mini"] = { batch = 50, input = 0.4, cached_read = 0.1, output = 1.6, context = 1000000,
      date = "2025-07-04", source = genai },
    ["openai/gpt-4.1-nano"] = { batch = 50, input = 0.1, cached_read = 0.025, output = 0.4, context = 1000000,
      date = "2025-07-04", source = genai },
    ["openai/gpt-4o"] = { batch = 50, input = 2.5, cached_read = 1.25, output = 10, context = 128000,
      date = "2025-07-04", source = genai },
    ["openai/gpt-4o-mini"] = { batch = 50, input = 0.15, cached_read = 0.075, output = 0.6, context = 128000,
      date = "2025-07-04", source = genai },
    -- Anthropic. Cache writes are those of five minutes. A prompt of more than 100,000 tokens costs five times as much with Haiku 5.5.
    ["anthropic/claude-haiku-5-5"] = { batch = 50, input = 0.1, cached_read = 0.01, cache_write = 0.125, output = 0.5, context = 1000000, max_output = 128000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-sonnet-5-5"] = { batch = 50, input = 2, cached_read = 0.1, cache_write = 2.5, output = 10, context = 1000000, max_output = 128000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-opus-5-5"] = { batch = 50, input = 4, cached_read = 0.2, cache_write = 5, output = 20, context = 1000000, max_output = 128000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-fable-5-1"] = { batch = 50, input = 10, cached_read = 0.25, cache_write = 12.5, output = 50, context = 1000000, max_output = 128000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-opus-5"] = { batch = 50, input = 5, cached_read = 0.5, cache_write = 6.25, output = 25, context = 1000000, max_output = 128000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-sonnet-5"] = { batch = 50, input = 2, cached_read = 0.2, cache_write = 2.5, output = 10, context = 1000000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-opus-4-8"] = { batch = 50, input = 5, cached_read = 0.5, cache_write = 6.25, output = 25, context = 1000000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-opus-4-7"] = { batch = 50, input = 5, cached_read = 0.5, cache_write = 6.25, output = 25, context = 1000000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-opus-4-6"] = { batch = 50, input = 5, cached_read = 0.5, cache_write = 6.25, output = 25, context = 1000000, max_output = 128000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-opus-4-5"] = { batch = 50, input = 5, cached_read = 0.5, cache_write = 6.25, output = 25, context = 200000, max_output = 64000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-sonnet-4-6"] = { batch = 50, input = 3, cached_read = 0.3, cache_write = 3.75, output = 15, context = 1000000,
      date = "2026-10-24", source = claude },
    ["anthropic/claude-haiku-4-5"] = { batch = 50, input = 1, cached_read = 0.1, cache_write = 1.25, output = 5, context = 200000, max_output = 64000,
      date = "2026-10-24", source = claude },
    -- Google. 3.8 Flash costs twice as much from 2027-01-01 on; Pro models from 200,000 tokens of prompt on.
    ["gemini/gemini-3.8-flash"] = { batch = 50, input = 0.75, cached_read = 0.075, output = 3.75, context = 1048576, max_output = 65536,
      date = "2026-10-07", source = gemini },
    ["gemini/gemini-3.5-flash"] = { batch = 50, input = 1.5, cached_read = 0.15, output = 9, context = 1000000, max_output = 64000,
      date = "2026-09-20", source = gemini },
    ["gemini/gemini-3.1-pro-preview"] = { batch = 50, input = 2, output = 12,
      date = "2026-09-20", source = gemini },
    ["gemini/gemini-2.5-pro"] = { batch = 50, input = 1.25, output = 10,
      date = "2026-09-20", source = gemini },
    ["gemini/gemini-2.5-flash"] = { batch = 50, input = 0.3, output = 2.5,
      date = "2026-09-20", source = gemini },
    -- DeepSeek: the prices of its peak hours; at other hours half.
    ["deepseek/deepseek-flash"] = { input = 0.3, cached_read = 0.006, output = 1.2, context = 1000000, max_output = 384000,
      date = "2026-10-27", source = deepseek },
    ["deepseek/deepseek-v4-pro"] = { input = 1.32, cached_read = 0.044, output = 3.96, context = 1000000, max_output = 384000,
      date = "2026-10-27", source = deepseek },
    -- Groq
    ["groq/llama-3.1-8b-instant"] = { input = 0.05, output = 0.08, context = 131072, max_output = 131072,
      date = "2026-11-27", source = groq },
    ["groq/llama-3.3-70b-versatile"] = { input = 0.59, output = 0.79, context = 131072, max_output = 32768,
      date = "2026-11-27", source = groq },
    ["groq/openai/gpt-oss-120b"] = { input = 0.15, output = 0.6, context = 131072, max_output = 65536,
      date = "2026-11-27", source = groq },
    ["groq/openai/gpt-oss-20b"] = { input = 0.075, output = 0.3, context = 131072, max_output = 65536,
      date = "2026-11-27", source = groq },
    -- Mistral
    ["mistral/mistral-small-2603"] = { input = 0.15, cached_read = 0.015, output = 0.6,
      date = "2026-06-09", source = mistral },
    ["mistral/mistral-large-2512"] = { input = 0.5, cached_read = 0.05, output = 1.5,
      date = "2026-06-09", source = mistral },
    ["mistral/mistral-medium-3-5"] = { input = 1.5, cached_read = 0.15, output = 7.5, context = 256000,
      date = "2026-08-24", source = mistral },
    ["mistral/mistral-medium-latest"] = { input = 1.5, cached_read = 0.15, output = 7.5, context = 256000,
      date = "2026-08-24", source = mistral },
    ["mistral/ministral-8b-2512"] = { input = 0.15, cached_read = 0.015, output = 0.15,
      date = "2026-08-24", source = mistral },
  },
}
