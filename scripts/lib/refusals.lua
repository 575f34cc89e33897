-- lib/refusals.lua: answers that refuse, or talk about the task, where prose was asked for. Such an answer is never prose: lib/calls.lua
-- asks the role's next model, and then stops with the refusal's own words.
--
-- An answer counts only when three things come together: it is short, it begins as its speaker's own words about what he cannot do, and it
-- names the task. A person of the story who refuses speaks in quotes, or to somebody, and not about a request, a policy or a model.
local refusals = {}

local longest = 800 -- characters of a refusal; a scene is longer

-- How refusals begin. Folded, with plain apostrophes.
local beginnings = {
  "i'm sorry", "i am sorry", "sorry, ", "i apologi[sz]e", "my apologies", "i can't ", "i cannot ", "i can not ", "i won't ", "i'm unable", "i am unable",
  "i'm not able", "i am not able", "i'm afraid", "i must decline", "i have to decline", "unfortunately, i", "as an ai", "as a language model", "i'm an ai",
  "es tut mir leid", "tut mir leid", "entschuldigung", "leider kann ich", "ich kann ", "ich bin nicht in der lage", "als ki", "als sprachmodell",
  "je suis désolé", "désolé", "je ne peux pas", "je ne suis pas en mesure", "je regrette", "en tant qu'ia", "en tant que modèle",
  "lo siento", "perdón", "no puedo ", "me temo que", "como modelo de", "como ia", "como una ia",
  "mi dispiace", "mi spiace", "non posso ", "non sono in grado", "come modello", "come ia", "purtroppo non posso",
  "desculpe", "sinto muito", "lamento", "não posso ", "infelizmente, não posso", "infelizmente não posso", "como um modelo", "como uma ia",
  "申し訳", "すみません", "ごめんなさい", "残念ながら", "aiとして", "私はai", "恐れ入りますが",
  "抱歉", "对不起", "對不起", "很抱歉", "我无法", "我無法", "我不能", "作为一个ai", "作为ai", "作为一个人工智能", "作為",
  "извините", "простите", "к сожалению", "я не могу", "мне жаль", "как искусственный интеллект", "как языковая модель", "죄송", "미안하지만",
}
-- That something is not done.
local denials = {
  "can't", "cannot", "can not", "unable", "not able", "won't", "decline", "kann", "nicht in der lage", "ne peux pas", "pas en mesure", "no puedo",
  "non posso", "non sono in grado", "não posso", "できません", "できかねます", "いたしかねます", "お応えでき", "无法", "無法", "不能", "не могу", "없습니다",
}
-- What is not done, in words that only somebody with a task would use.
local tasks = {
  "request", "assist with", "help with this", "help with that", "language model", "as an ai", "guidelines", "content polic", "usage polic", "harmful content",
  "explicit content", "inappropriate content", "copyrighted", "this story", "this scene", "this chapter", "generate ", "produce content", "create content",
  "anfrage", "diesem wunsch", "sprachmodell", "richtlinien", "diese szene", "dieses kapitel", "diese geschichte nicht", "solche inhalte",
  "cette demande", "votre demande", "modèle de langage", "cette scène", "ce chapitre", "cette histoire", "ce type de contenu",
  "esa solicitud", "esta solicitud", "tu solicitud", "su solicitud", "modelo de lenguaje", "esta escena", "este capítulo", "esta historia", "ese contenido",
  "este contenido", "questa richiesta", "tua richiesta", "sua richiesta", "modello linguistico", "questa scena", "questo capitolo", "questa storia",
  "questo contenuto", "esse pedido", "este pedido", "seu pedido", "essa solicitação", "sua solicitação", "modelo de linguagem", "esta cena", "essa cena",
  "este conteúdo", "esse conteúdo", "リクエスト", "ご要望", "ご依頼", "言語モデル", "このシーン", "この章", "この物語", "コンテンツ", "请求", "要求", "語言模型",
  "语言模型", "这个场景", "这一章", "这个故事", "内容", "請求", "запрос", "языков", "эту сцену", "эту главу", "эту историю", "такой контент", "요청",
}

local function names_one(words, list)
  for _, phrase in ipairs(list) do
    if string.find(words, phrase, 1, true) then return true end
  end
  return false
end

local function begins_as_one(words)
  for _, beginning in ipairs(beginnings) do
    if string.find(words, "^" .. beginning) then return true end
  end
  return false
end

--- The refusal that an answer is, shortened for messages, or nil for anything that may be prose:
--- refusals.of("I'm sorry, but I can't help with that request.")
function refusals.of(answer)
  local said = text.trim(answer)
  if said == "" or text.length(said) > longest then return nil end
  local words = string.gsub(text.fold(said), "’", "'")
  if not (begins_as_one(words) and names_one(words, denials) and names_one(words, tasks)) then return nil end
  return text.first_words(said, 30)
end

return refusals
