/* rehearsal_name_words.c - the lists. A name that none of them knows is still kept where a label names it ("Cast: ..."). */
#include "rehearsal/rehearsal_name_words.h"

#include <stddef.h>

const char *const name_words_everyday[] = {
    "The",       "This",      "That",      "Chapter", "Chapters", "Scene",    "Scenes",    "Part",
    "Book",      "English",   "French",    "German",  "Spanish",  "Polish",   "Japanese",  "Chinese",
    "Monday",    "Tuesday",   "Sunday",    "January", "February", "March",    "April",     "May",
    "June",      "July",      "August",    "October", "November", "December", "Markdown",  "Write",
    "Return",    "Answer",    "Do",        "Never",   "Keep",     "Use",      "You",       "Give",
    "If",        "No",        "Not",       "Each",    "Every",    "Thursday", "Friday",    "Saturday",
    "Wednesday", "September", "Christian", "Json",    "Unicode",  "And",      "But",       "He",
    "She",       "It",        "They",      "We",      "His",      "Her",      "Mr",        "Mrs",
    "Roman",     "Russian",   "Italian",   "Latin",   "Title",    "Language", "Genre",     "When",
    "Then",      "After",     "Before",    "In",      "On",       "At",       "As",        "For",
    "From",      "Korean",    "Arabic",    "Hebrew",  "Hindi",    "Turkish",  "Greek",     "Portuguese",
    "Yesterday", "Today",     "Tomorrow",  "Once",    "While",    "Nobody",   "Everybody", "There",
    "Here",      "What",      "Who",       "An",      "A",        "Quire",    NULL};

const char *const name_words_before_places[] = {" in ",  " at ", " near ", " into ", " à ",
                                                " bei ", " в ",  " en ",   NULL};

const char *const name_words_of_places[] = {" Quay",  " Point",  " Hollow", " House",   " Bridge", " Market",
                                            " Reach", " Cross",  " Yard",   " Hill",    " Gate",   " Lane",
                                            " Tower", " Street", " Road",   " Harbour", " Bay",    " Island",
                                            " River", " Square", NULL};

const char *const name_words_han_families[] = {
    /* Chinese */
    "王", "李", "张", "張", "刘", "劉", "陈", "陳", "杨", "楊", "赵", "趙", "黄", "黃", "周", "吴", "吳",
    "徐", "孙", "孫", "胡", "朱", "高", "林", "何", "郭", "马", "馬", "罗", "羅", "梁", "宋", "郑", "鄭",
    "谢", "謝", "韩", "韓", "唐", "冯", "馮", "董", "萧", "蕭", "程", "曹", "袁", "邓", "鄧", "许", "許",
    "傅", "沈", "曾", "彭", "吕", "呂", "苏", "蘇", "卢", "盧", "蒋", "蔣", "蔡", "贾", "賈", "丁", "魏",
    "薛", "叶", "葉", "阎", "余", "潘", "杜", "戴", "夏", "钟", "鍾", "汪", "田", "姜", "范", "姚", "谭",
    "譚", "廖", "邹", "鄒", "熊", "陆", "陸", "郝", "孔", "崔", "康", "邱", "秦", "顾", "顧", "侯", "邵",
    "孟", "龙", "欧阳", "司马", "上官", "诸葛", "慕容",
    /* Japanese */
    "佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "渡邊", "山本", "中村", "小林", "加藤", "吉田", "山田",
    "佐々木", "山口", "松本", "井上", "木村", "斎藤", "斉藤", "清水", "山崎", "阿部", "池田", "橋本", "山下",
    "石川", "中島", "前田", "藤田", "小川", "後藤", "岡田", "長谷川", "村上", "近藤", "石井", "坂本", "遠藤",
    "青木", "藤井", "西村", "福田", "太田", "三浦", "藤原", "岡本", "松田", "中川", "中野", "原田", "小野",
    "田村", "竹内", "金子", "和田", "中山", "石田", "上田", "森田", "酒井", "柴田", "宮崎", "宮本", "内田",
    "高木", "安藤", "谷口", "大野", "丸山", "今井", "藤本", "武田", "村田", "上野", "杉山", "増田", "小島",
    "平野", "大塚", "千葉", "久保", "松井", "岩崎", "桜井", "野口", "松尾", "野村", "木下", "菊地", "佐野",
    "大西", "杉本", "新井", "森", "原", NULL};

const char *const name_words_han_after[] = {
    "发", "發", "在", "是", "的", "和", "与", "與", "找", "看", "说", "說", "要", "被", "把", "去", "来",
    "來", "从", "對", "对", "向", "想", "有", "没", "沒", "不", "也", "一", "独", "獨", "却", "卻", "便",
    "就", "正", "将", "將", "得", "跟", "到", "为", "為", "住", "每", "这", "那", "她", "他", "都", "还",
    "還", "必", "能", "会", "會", "回", "走", "听", "聽", "成", "死", "生", "自", "用", "以", NULL};

const char *const name_words_han_roles[] = {
    "人", "者", "员", "員", "师", "師", "家", "长", "長", "女", "男", "子", "妹", "姐", "姊", "友",
    "亲", "親", "弟", "兄", "儿", "兒", "孙", "孫", "徒", "客", "匠", "夫", "妻", "婆", "爷", "奶",
    "生", "手", "官", "工", "民", "年", "的", "叫", "和", "与", "跟", "守", "爵", "王", NULL};

const char *const name_words_han_honorifics[] = {"氏",   "様",   "君",   "先生", "女士", "小姐",
                                                 "夫人", "博士", "教授", "老师", "老師", NULL};
const char *const name_words_kana_honorifics[] = {"さん", "さま", "くん", "ちゃん", "という", NULL};
const char *const name_words_han_places[] = {"町", "村", "島", "岛", "港", "岬", "城", "山", "川", "河", "镇",
                                             "鎮", "湾", "灣", "市", "県", "县", "駅", "寺", "浦", NULL};

const char *const name_words_hangul_families[] = {"김", "이", "박", "최", "정", "강", "조", "윤", "장", "임",
                                                  "한", "오", "서", "신", "권", "황", "안", "송", "전", "홍",
                                                  "유", "고", "문", "양", "손", "배", "백", "허", "남", "심",
                                                  "노", "하", "곽", "성", "차", "주", "우", "구", "민", NULL};
const char *const name_words_hangul_endings[] = {
    "은", "는",     "이",   "가",   "을",   "를",   "와", "과", "의",   "에게",   "도",
    "만", "이라는", "라는", "씨는", "씨가", "씨의", "씨", "님", "님이", "에게서", NULL};
const char *const name_words_hangul_honorifics[] = {" 씨", " 님", " 선생", " 박사", NULL};

const char *const name_words_given[] = {
    /* Arabic and Persian */
    "ليلى", "فاطمة", "مريم", "سلمى", "نور", "هدى", "زينب", "عائشة", "خديجة", "سارة", "ريم", "دينا", "منى",
    "رنا", "سعاد", "نادية", "ياسمين", "أمل", "محمد", "أحمد", "علي", "حسن", "حسين", "عمر", "خالد", "يوسف",
    "إبراهيم", "مصطفى", "سامي", "كريم", "طارق", "ياسر", "سليم", "رشيد", "جمال", "عادل", "فؤاد", "سعيد",
    "منصور", "حداد", "الخطيب", "النجار", "المصري", "نرگس", "شیرین", "رضا", "امیر", "مهدی", "زهرا", "پروین",
    "داریوش", "کاوه", "لیلا", "محمود",
    /* Hebrew */
    "נועה", "תמר", "מאיה", "שרה", "רחל", "לאה", "מרים", "יעל", "שירה", "רות", "אסתר", "דנה", "דוד", "משה",
    "יוסף", "אברהם", "יעקב", "דניאל", "איתן", "יונתן", "אורי", "עומר", "שמואל", "כהן", "לוי", "מזרחי", "פרץ",
    "אלון",
    /* Hindi, Marathi, Nepali */
    "मीरा", "सीता", "राधा", "प्रिया", "अनीता", "सुनीता", "लक्ष्मी", "कविता", "नेहा", "पूजा", "राम", "मोहन", "राहुल",
    "अमित", "विजय", "अर्जुन", "कृष्ण", "रवि", "सुरेश", "शर्मा", "वर्मा", "सिंह", "गुप्ता", "पटेल", "कुमार", "देवी", "जोशी",
    NULL};

const char *const name_words_named[] = {
    "اسمها ",  "اسمه ",   "تدعى ", "يدعى ", "تُدعى ", "يُدعى ",  "السيد ", "السيدة ", "الدكتور ", "الدكتورة ",
    "به نام ", "نام ",    "خانم ", "آقای ", "בשם ",  "ושמה ",  "ושמו ",  "ששמה ",   "ששמו ",    "הדוקטור ",
    "श्री ",    "श्रीमती ", "डॉ. ",  "ชื่อ",    "คุณ",    "นางสาว", "นาย",    NULL};

const char *const name_words_joined[] = {"و", "ل", "ب", "ו", "ל", "ה", "כ", NULL};
const char *const name_words_ends[] = {"،",    ",",    ".",      "۔",      "।",    ":",   "؛",    ")",
                                       "(",    " أن ", " التي ", " الذي ", " את ", " ने ", " को ", " का ",
                                       " की ", " के ",  " و",     "!",      "?",    "؟",   NULL};

const char *const name_words_people_heads[] = {
    "character", "cast",         "people",      "person",    "protagonist",     "antagonist", "narrator",
    "hero",      "figuren",      "personnages", "personagg", "personaj",        "personag",   "postaci",
    "bohater",   "karakter",     "kişiler",     "ерсонаж",   "ействующие лица", "ерой",       "ероин",
    "ерои",      "дійові особи", "ρόσωπα",      "الشخصيات",  "شخصيات",          "البطل",      "شخصیت",
    "דמויות",    "גיבור",        "पात्र",        "नायक",      "नायिका",          "ตัวละคร",     "人物",
    "主人公",    "角色",         "主角",        "등장인물",  "주인공",          "인물",       NULL};
const char *const name_words_places_heads[] = {
    "place", "location",      "setting", "schauplatz", "schauplätze", "lieux", "luoghi", "lugar", "miejsc",
    "mekân", "есто действия", "еста",    "المكان",     "الأماكن",     "מקום",  "מקומות", "स्थान",  "สถานที่",
    "場所",  "舞台",          "地点",    "地點",       "장소",        "배경",  NULL};
