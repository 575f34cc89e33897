-- rehearsal.lua: the rehearsal model, embedded ("rehearsal:") or served by `quire rehearse --listen`. It speaks as OpenAI does; beside
-- the prompt it is told the role, the script's key and how many bytes of the prompt are the stable prefix.
local openai = require("openai")

local rehearsal = {}
for name, value in pairs(openai) do rehearsal[name] = value end

function rehearsal.request(call)
  local request = openai.request(call)
  local system = openai.split_blocks(call.blocks)
  request.body.metadata = { quire_role = call.role, quire_key = call.key or "", quire_prefix_bytes = tostring(system and #system or 0) }
  return request
end

return rehearsal
