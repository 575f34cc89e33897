-- presets.lua: the providers that Quire knows by name, as data. quire.lua adds others under `providers`, or changes these; a new one of an
-- adapter that is there needs no more than a row.
--
--   name      in front of the model's: "openai/gpt-5"           adapter   scripts/providers/ADAPTER.lua
--   base_url  where it is                                       key_env   the variable that holds its key; none: it needs no key
--   options   what the adapter is told                          hint      what helps when there is no key
--   resumable true: an answer that is under way is fetched after a crash, not asked for again (the adapter says where that works)
return {
  { name = "rehearsal", adapter = "rehearsal", base_url = "rehearsal:" },
  { name = "openai", adapter = "openai", base_url = "https://api.openai.com/v1", key_env = "OPENAI_API_KEY",
    hint = "keys are made at https://platform.openai.com/api-keys" },
  { name = "anthropic", adapter = "anthropic", base_url = "https://api.anthropic.com/v1", key_env = "ANTHROPIC_API_KEY",
    hint = "keys are made at https://platform.claude.com/settings/keys" },
  { name = "gemini", adapter = "gemini", base_url = "https://generativelanguage.googleapis.com/v1beta", key_env = "GEMINI_API_KEY",
    hint = "keys are made at https://aistudio.google.com/apikey" },
  { name = "openrouter", adapter = "openai", base_url = "https://openrouter.ai/api/v1", key_env = "OPENROUTER_API_KEY",
    hint = "keys are made at https://openrouter.ai/keys" },
  { name = "groq", adapter = "openai", base_url = "https://api.groq.com/openai/v1", key_env = "GROQ_API_KEY",
    options = { include_usage = false }, hint = "keys are made at https://console.groq.com/keys" },
  { name = "deepseek", adapter = "openai", base_url = "https://api.deepseek.com", key_env = "DEEPSEEK_API_KEY",
    options = { structured = "json_object" }, hint = "keys are made at https://platform.deepseek.com/api_keys" },
  { name = "mistral", adapter = "openai", base_url = "https://api.mistral.ai/v1", key_env = "MISTRAL_API_KEY",
    options = { include_usage = false }, hint = "keys are made at https://console.mistral.ai/api-keys" },
  { name = "together", adapter = "openai", base_url = "https://api.together.xyz/v1", key_env = "TOGETHER_API_KEY",
    hint = "keys are made at https://api.together.ai/settings/api-keys" },
  { name = "ollama", adapter = "ollama", base_url = "http://127.0.0.1:11434" },
  { name = "llamacpp", adapter = "openai", base_url = "http://127.0.0.1:8080/v1", resumable = true },
  { name = "lmstudio", adapter = "openai", base_url = "http://127.0.0.1:1234/v1" },
  { name = "vllm", adapter = "openai", base_url = "http://127.0.0.1:8000/v1" },
}
