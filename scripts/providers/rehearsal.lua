-- rehearsal.lua: the rehearsal model, embedded ("rehearsal:") or served by `quire rehearse --listen`. It speaks as OpenAI does; beside
-- the prompt it is told the role, the script's key and how many bytes of the prompt are the stable prefix.
--
-- Options of the provider in quire.lua, beside those of openai.lua, all optional:
--   manners            how it answers, as `quire rehearse --manner` takes it: { "think=800", "refuse:p=0.1,role=writer" }
--   seed               other dice, and other answers
-- A script gives one call manners with extra = { manners = { "json-cut" } }.
local common, openai = require("common"), require("openai")

local rehearsal = {}
for name, value in pairs(openai) do rehearsal[name] = value end

function rehearsal.request(call)
  local request = openai.request(call)
  local system = common.split_blocks(call.blocks)
  request.body.metadata = { quire_role = call.role, quire_key = call.key or "", quire_prefix_bytes = tostring(system and #system or 0) }
  for _, name in ipairs { "manners", "seed" } do
    if request.body[name] == nil then request.body[name] = call.options[name] end
  end
  return request
end

return rehearsal
