//! Large DEX files of our own making: as many classes, methods, strings and instructions as compilers put
//! into one, and well-formed enough for the strict reader of Android's `dexdump`.
//!
//! After "Dalvik Executable format" of the Android documentation. Equal seeds give equal bytes.

use std::collections::{BTreeSet, HashMap};

use testkit::Dice;

/// What a DEX file is made of.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// Of the dice.
    pub(super) seed: u64,
    /// Number of classes of the app; ten methods each.
    pub(super) classes: u32,
    /// The package they are in, with slashes.
    pub(super) package: String,
    /// Packages of trackers, with slashes; four classes go into each.
    pub(super) trackers: Vec<String>,
    /// URLs, each of which one method holds.
    pub(super) urls: Vec<String>,
    /// Methods of the framework, `class.method`, each of which three methods call.
    pub(super) apis: Vec<String>,
}

/// A DEX file and the answers that it holds.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) bytes: Vec<u8>,
    /// Called method of the plan and caller, `class.method`.
    pub(super) callers: BTreeSet<(String, String)>,
}

/// Makes the file.
pub(super) fn make(plan: &Plan) -> Made {
    let mut pool = Pool::default();
    let mut dice = Dice::new(plan.seed);
    let app = App::draw(plan, &mut dice);
    app.enter(&mut pool);
    let tables = pool.sort();
    let mut writer = Writer { tables, dice, data: Vec::new(), callers: BTreeSet::new() };
    let bytes = writer.write(&app);
    Made { bytes, callers: writer.callers }
}

/// Class, name, and number of the prototype.
type Member = (String, String, usize);

/// What the file will hold, in words.
struct App {
    classes: Vec<Class>,
    /// Methods of the framework that code calls at random.
    framework: Vec<Member>,
    /// Methods of the plan.
    apis: Vec<(String, Member)>,
    literals: Vec<String>,
    urls: Vec<String>,
}

struct Class {
    descriptor: String,
    source: String,
    statics: Vec<String>,
    instance: Vec<String>,
    direct: Vec<(String, usize)>,
    virtuals: Vec<(String, usize)>,
}

impl App {
    fn draw(plan: &Plan, dice: &mut Dice) -> Self {
        let folder = |n: u32| match plan.trackers.get(usize_of(n / 4)) {
            Some(tracker) => tracker.clone(),
            None => format!("{}/{}{}", plan.package, pick(WORDS, dice), n % 40),
        };
        let folders: Vec<String> = (0..plan.classes).map(folder).collect();
        let classes = folders.iter().zip(0u32..).map(|(folder, n)| Class::draw(folder, n, dice)).collect();
        let framework = (0..FRAMEWORK).map(|n| {
            let class = format!("Landroid/{}/{}{};", pick(WORDS, dice), title(pick(WORDS, dice)), n % 300);
            let name = format!("{}{}", pick(VERBS, dice), title(pick(WORDS, dice)));
            (class, name, usize_of(n) % PROTOS.len())
        });
        let framework = framework.collect();
        let apis = plan.apis.iter().filter_map(|name| {
            let (class, method) = name.rsplit_once('.')?;
            Some((name.clone(), (format!("L{};", class.replace('.', "/")), method.to_owned(), GETTER)))
        });
        let apis = apis.collect();
        let literals = (0..plan.classes.saturating_mul(5)).map(|n| literal(n, dice)).collect();
        Self { classes, framework, apis, literals, urls: plan.urls.clone() }
    }

    fn enter(&self, pool: &mut Pool) {
        for kind in [OBJECT, STRING, "V", "I", "Z"] {
            pool.kind(kind);
        }
        PROTOS.iter().for_each(|proto| {
            pool.strings.insert(shorty(proto));
        });
        for class in &self.classes {
            pool.kind(&class.descriptor);
            pool.strings.insert(class.source.clone());
            for name in class.statics.iter().chain(&class.instance) {
                pool.field(&class.descriptor, name);
            }
            for (name, proto) in class.direct.iter().chain(&class.virtuals) {
                pool.method((class.descriptor.clone(), name.clone(), *proto));
            }
        }
        self.framework.iter().chain(self.apis.iter().map(|(_, api)| api)).for_each(|method| {
            pool.kind(&method.0);
            pool.method(method.clone());
        });
        pool.strings.extend(self.literals.iter().chain(&self.urls).cloned());
    }
}

impl Class {
    fn draw(folder: &str, n: u32, dice: &mut Dice) -> Self {
        let name = format!("{}{}{n}", title(pick(WORDS, dice)), title(pick(WORDS, dice)));
        let field = |dice: &mut Dice, k: u32| format!("{}{}{k}", pick(WORDS, dice), dice.below(400));
        let method = |dice: &mut Dice, k: u32| {
            let name = format!("{}{}{}", pick(VERBS, dice), title(pick(WORDS, dice)), dice.below(60));
            (format!("{name}_{k}"), usize_of(k) % PROTOS.len())
        };
        let mut direct = vec![("<init>".to_owned(), NOTHING)];
        direct.extend((0..3).map(|k| method(dice, k)));
        Self {
            descriptor: format!("L{folder}/{name};"),
            source: format!("{name}.java"),
            statics: (0..2).map(|k| field(dice, k)).collect(),
            instance: (2..5).map(|k| field(dice, k)).collect(),
            direct,
            virtuals: (3..9).map(|k| method(dice, k)).collect(),
        }
    }
}

/// What code and resources of apps say, as far as it costs something to look at.
fn literal(n: u32, dice: &mut Dice) -> String {
    let words = |dice: &mut Dice, count: u64| {
        let words: Vec<&str> = (0..count).map(|_| pick(WORDS, dice)).collect();
        words
    };
    match n % 16 {
        0 | 1 => format!("{}_{}", words(dice, 2).join("_"), dice.below(90_000)),
        2 => format!("{} %s: {} %d ({n})", title(pick(WORDS, dice)), words(dice, 3).join(" ")),
        3 => format!("com.{}.action.{}.{}", pick(WORDS, dice), pick(WORDS, dice).to_ascii_uppercase(), n),
        4 => format!("/v{}/{}?id={n}", dice.below(5), words(dice, 3).join("/")),
        5 => format!("{:016x}", dice.roll()),
        6 => format!("{{\"{}\":\"{}\",\"n\":{n}}}", pick(WORDS, dice), pick(WORDS, dice)),
        7 => format!("SELECT {} FROM {} WHERE _id={n}", words(dice, 4).join(", "), pick(WORDS, dice)),
        8 => format!("{}/{}{n}.png", pick(WORDS, dice), pick(WORDS, dice)),
        9 => format!("{}-{n}", words(dice, 2).join("-").to_ascii_uppercase()),
        10 => format!("{} {n}.", words(dice, 14).join(" ")),
        11 => format!("{}", dice.below(100_000_000)),
        12 => format!("{}.{}.{n}", pick(WORDS, dice), pick(WORDS, dice)),
        13 => format!("{}{n} größer als {}", title(pick(WORDS, dice)), pick(WORDS, dice)),
        _ => format!("{}{}{n}", pick(WORDS, dice), title(pick(WORDS, dice))),
    }
}

/// Everything that has a number, before it has one.
#[derive(Default)]
struct Pool {
    strings: BTreeSet<String>,
    kinds: BTreeSet<String>,
    fields: BTreeSet<(String, String)>,
    methods: BTreeSet<Member>,
}

impl Pool {
    fn kind(&mut self, descriptor: &str) {
        self.strings.insert(descriptor.to_owned());
        self.kinds.insert(descriptor.to_owned());
    }

    fn field(&mut self, class: &str, name: &str) {
        self.strings.insert(name.to_owned());
        self.fields.insert((class.to_owned(), name.to_owned()));
    }

    fn method(&mut self, method: Member) {
        self.strings.insert(method.1.clone());
        self.methods.insert(method);
    }

    /// Sets sorted by words are sorted by numbers too: those of strings follow their order.
    fn sort(self) -> Tables {
        let strings: HashMap<String, u32> = self.strings.iter().cloned().zip(0..).collect();
        let kinds: HashMap<String, u32> = self.kinds.iter().cloned().zip(0..).collect();
        let mut protos: Vec<usize> = (0..PROTOS.len()).collect();
        let by_kind = |proto: &usize| {
            let (result, parameters) = PROTOS.get(*proto).copied().unwrap_or_default();
            let parameters: Vec<_> = parameters.iter().map(|kind| number_of(&kinds, kind)).collect();
            (number_of(&kinds, result), parameters)
        };
        protos.sort_by_key(by_kind);
        let place = |proto: usize| protos.iter().position(|other| *other == proto).unwrap_or_default();
        let mut methods: Vec<Member> = self.methods.into_iter().collect();
        methods
            .sort_by(|one, other| (&one.0, &one.1, place(one.2)).cmp(&(&other.0, &other.1, place(other.2))));
        Tables {
            proto_places: (0..PROTOS.len()).map(place).collect(),
            protos,
            fields: self.fields.iter().cloned().zip(0..).collect(),
            field_list: self.fields.into_iter().collect(),
            method_numbers: methods.iter().cloned().zip(0..).collect(),
            methods,
            string_list: self.strings.into_iter().collect(),
            kind_list: self.kinds.into_iter().collect(),
            strings,
            kinds,
        }
    }
}

/// Everything by its number.
struct Tables {
    string_list: Vec<String>,
    strings: HashMap<String, u32>,
    kind_list: Vec<String>,
    kinds: HashMap<String, u32>,
    protos: Vec<usize>,
    proto_places: Vec<usize>,
    field_list: Vec<(String, String)>,
    fields: HashMap<(String, String), u32>,
    methods: Vec<Member>,
    method_numbers: HashMap<Member, u32>,
}

impl Tables {
    fn string(&self, text: &str) -> u32 {
        number_of(&self.strings, text)
    }

    fn kind(&self, descriptor: &str) -> u32 {
        number_of(&self.kinds, descriptor)
    }

    fn method(&self, method: &Member) -> u32 {
        self.method_numbers.get(method).copied().unwrap_or(u32::MAX)
    }

    fn field(&self, class: &str, name: &str) -> u32 {
        self.fields.get(&(class.to_owned(), name.to_owned())).copied().unwrap_or(u32::MAX)
    }
}

struct Writer {
    tables: Tables,
    dice: Dice,
    /// Everything behind the tables.
    data: Vec<u8>,
    callers: BTreeSet<(String, String)>,
}

/// A part of the file for its map: kind, number of items, place.
type Part = (u16, usize, usize);

/// Of one class: where its code, data and values are.
#[derive(Default)]
struct Placed {
    codes: Vec<u32>,
    data: u32,
    values: u32,
}

impl Writer {
    fn write(&mut self, app: &App) -> Vec<u8> {
        let tables = &self.tables;
        let counts = [
            (0x0001, tables.string_list.len(), 4),
            (0x0002, tables.kind_list.len(), 4),
            (0x0003, tables.protos.len(), 12),
            (0x0004, tables.field_list.len(), 8),
            (0x0005, tables.methods.len(), 8),
            (0x0006, app.classes.len(), 32),
        ];
        let mut parts: Vec<Part> = vec![(0x0000, 1, 0)];
        let mut at = HEADER;
        for (kind, count, width) in counts {
            parts.push((kind, count, at));
            at += count * width;
        }
        let base = at;
        let lists = self.parameter_lists(base, &mut parts);
        let debug = self.debug_items(app, base, &mut parts);
        let mut placed: Vec<Placed> = app.classes.iter().map(|_| Placed::default()).collect();
        self.codes(app, (base, &debug), &mut placed, &mut parts);
        self.values(app, base, &mut placed, &mut parts);
        self.class_data(app, base, &mut placed, &mut parts);
        let strings = self.string_data(base, &mut parts);
        self.align();
        let map = base + self.data.len();
        parts.push((0x1000, 1, map));
        self.word(parts.len());
        for (kind, count, at) in &parts {
            self.data.extend(kind.to_le_bytes());
            self.data.extend([0, 0]);
            self.word(*count);
            self.word(*at);
        }
        let head = self.head(&parts, (base, map), &self.id_tables(app, &lists, &strings, &placed));
        sealed([head.as_slice(), &self.data].concat())
    }

    fn parameter_lists(&mut self, base: usize, parts: &mut Vec<Part>) -> Vec<usize> {
        let start = base + self.data.len();
        let mut lists = vec![0; PROTOS.len()];
        let mut count = 0;
        for proto in self.tables.protos.clone() {
            let (_, parameters) = PROTOS.get(proto).copied().unwrap_or_default();
            if parameters.is_empty() {
                continue;
            }
            self.align();
            count += 1;
            if let Some(list) = lists.get_mut(proto) {
                *list = base + self.data.len();
            }
            self.word(parameters.len());
            for kind in parameters {
                let kind = self.tables.kind(kind);
                self.data.extend(short(kind).to_le_bytes());
            }
        }
        parts.push((0x1001, count, start));
        lists
    }

    /// Line numbers for each method's code, no two of which share them: so it is without a shrinker.
    fn debug_items(&mut self, app: &App, base: usize, parts: &mut Vec<Part>) -> Vec<usize> {
        let start = base + self.data.len();
        let mut places = Vec::new();
        for (_, proto) in app.classes.iter().flat_map(|class| class.direct.iter().chain(&class.virtuals)) {
            places.push(base + self.data.len());
            uleb(&mut self.data, u32_of(places.len() % 900 + 1));
            let (_, parameters) = PROTOS.get(*proto).copied().unwrap_or_default();
            uleb(&mut self.data, u32_of(parameters.len()));
            // None of them has a name.
            self.data.extend(parameters.iter().map(|_| 0));
            for _ in 0..3 + self.dice.below(8) {
                let opcode = 0x0a + self.dice.below(0xf0);
                self.data.extend(opcode.to_le_bytes().first());
            }
            self.data.push(0);
        }
        parts.push((0x2003, places.len(), start));
        places
    }

    fn codes(
        &mut self,
        app: &App,
        (base, debug): (usize, &[usize]),
        placed: &mut [Placed],
        parts: &mut Vec<Part>,
    ) {
        self.align_at(base);
        let start = base + self.data.len();
        let mut made = 0usize;
        let total = app.classes.len() * METHODS;
        for (class, placed) in app.classes.iter().zip(placed) {
            let methods = class.direct.iter().zip([1u16, 0, 0, 0]);
            let methods = methods.chain(class.virtuals.iter().zip([1u16; 6]));
            for ((name, proto), this) in methods {
                let planted = self.planted(app, (class, name), made, total);
                let units = self.instructions(app, class, &planted);
                self.align_at(base);
                placed.codes.push(u32_of(base + self.data.len()));
                let (_, parameters) = PROTOS.get(*proto).copied().unwrap_or_default();
                let ins = short(u32_of(parameters.len())) + this;
                for half in [8 + ins, ins, 3, 0] {
                    self.data.extend(half.to_le_bytes());
                }
                self.word(debug.get(made).copied().unwrap_or_default());
                self.word(units.len());
                self.data.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
                made += 1;
            }
        }
        parts.push((0x2001, made, start));
    }

    /// Instructions of the plan that fall to this method: URLs and calls, spread evenly.
    fn planted(&mut self, app: &App, at: (&Class, &str), made: usize, total: usize) -> Vec<u16> {
        let mut units = Vec::new();
        let falls = |n: usize, of: usize| of > 0 && made * of / total != (made + 1) * of / total && n < of;
        let url = made * app.urls.len() / total;
        if falls(url, app.urls.len()) {
            units.extend(self.text(app.urls.get(url).map_or("", String::as_str)));
        }
        let calls = app.apis.len() * CALLS;
        let call = made * calls / total;
        if falls(call, calls)
            && let Some((name, api)) = app.apis.get(call % app.apis.len())
        {
            let (class, method) = at;
            units.extend([0x106e, short(self.tables.method(api)), 0x0001, 0x000c]);
            self.callers.insert((name.clone(), format!("{}.{method}", dotted(&class.descriptor))));
        }
        units
    }

    fn text(&self, text: &str) -> Vec<u16> {
        let number = self.tables.string(text);
        match u16::try_from(number) {
            Ok(short) => vec![0x001a, short],
            Err(_) => vec![0x001b, short(number & 0xffff), short(number >> 16)],
        }
    }

    /// A body in the mixture that compilers make; what it does is nothing sensible.
    fn instructions(&mut self, app: &App, class: &Class, planted: &[u16]) -> Vec<u16> {
        let mut units = planted.to_vec();
        let own = class.descriptor.clone();
        for _ in 0..6 + self.dice.below(22) {
            match self.dice.below(100) {
                0..14 => {
                    let literal = pick_of(&app.literals, &mut self.dice).map_or("", String::as_str);
                    units.extend(self.text(literal));
                }
                14..28 => {
                    let method = pick_of(&app.framework, &mut self.dice);
                    self.call(0x6e, 2, method, &mut units);
                }
                28..42 => {
                    let other = pick_of(&app.classes, &mut self.dice);
                    let method = other.and_then(|other| {
                        let (name, proto) = pick_of(&other.virtuals, &mut self.dice)?;
                        Some((other.descriptor.clone(), name.clone(), *proto))
                    });
                    self.call(0x6e, 2, method.as_ref(), &mut units);
                }
                42..52 => units.push(0x000c),
                52..66 => {
                    let name = pick_of(&class.instance, &mut self.dice).map_or("", String::as_str);
                    units.extend([0x1054, short(self.tables.field(&own, name))]);
                }
                66..72 => {
                    let name = pick_of(&class.statics, &mut self.dice).map_or("", String::as_str);
                    units.extend([0x0062, short(self.tables.field(&own, name))]);
                }
                72..80 => units.extend([0x0038, 2]),
                80..90 => units.push(0x1012),
                90..93 => units.extend([0x0013, short(u32_of(class.source.len()))]),
                93..97 => units.push(0x2107),
                _ => units.extend([0x001f, short(self.tables.kind(&own))]),
            }
        }
        units.push(0x000e);
        units
    }

    fn call(&self, opcode: u16, registers: u16, method: Option<&Member>, units: &mut Vec<u16>) {
        if let Some(method) = method {
            units.extend([registers << 12 | opcode, short(self.tables.method(method)), 0x0021]);
        }
    }

    /// The first value of each class' first constant.
    fn values(&mut self, app: &App, base: usize, placed: &mut [Placed], parts: &mut Vec<Part>) {
        let start = base + self.data.len();
        for (class, placed) in app.classes.iter().zip(placed) {
            let text = pick_of(&app.literals, &mut self.dice).map_or("", String::as_str);
            placed.values = u32_of(base + self.data.len());
            debug_assert!(!class.statics.is_empty(), "a value needs its field");
            uleb(&mut self.data, 1);
            self.data.push(3 << 5 | 0x17);
            self.data.extend(self.tables.string(text).to_le_bytes());
        }
        parts.push((0x2005, app.classes.len(), start));
    }

    fn class_data(&mut self, app: &App, base: usize, placed: &mut [Placed], parts: &mut Vec<Part>) {
        let start = base + self.data.len();
        for (class, placed) in app.classes.iter().zip(placed) {
            placed.data = u32_of(base + self.data.len());
            let numbers = |names: &[String]| {
                let mut numbers: Vec<_> =
                    names.iter().map(|name| self.tables.field(&class.descriptor, name)).collect();
                numbers.sort_unstable();
                numbers
            };
            let fields = [(numbers(&class.statics), 9), (numbers(&class.instance), 1)];
            let mut codes = placed.codes.iter().copied();
            let mut methods = |methods: &[(String, usize)], virtuals: bool| {
                let number = |(name, proto): &(String, usize)| {
                    let access = match (virtuals, name.as_str()) {
                        (true, _) => 1,
                        (false, "<init>") => 0x1_0001,
                        (false, _) => 9,
                    };
                    (self.tables.method(&(class.descriptor.clone(), name.clone(), *proto)), access)
                };
                let mut numbers: Vec<_> = methods.iter().map(number).zip(codes.by_ref()).collect();
                numbers.sort_unstable();
                numbers
            };
            let (direct, virtuals) = (methods(&class.direct, false), methods(&class.virtuals, true));
            for count in [fields[0].0.len(), fields[1].0.len(), direct.len(), virtuals.len()] {
                uleb(&mut self.data, u32_of(count));
            }
            for (numbers, access) in fields {
                steps(&mut self.data, numbers.into_iter().map(|number| (number, vec![access])));
            }
            for methods in [direct, virtuals] {
                let rows = methods.into_iter().map(|((number, access), code)| (number, vec![access, code]));
                steps(&mut self.data, rows);
            }
        }
        parts.push((0x2000, app.classes.len(), start));
    }

    fn string_data(&mut self, base: usize, parts: &mut Vec<Part>) -> Vec<usize> {
        let start = base + self.data.len();
        let mut places = Vec::with_capacity(self.tables.string_list.len());
        for text in &self.tables.string_list {
            places.push(base + self.data.len());
            uleb(&mut self.data, u32_of(text.encode_utf16().count()));
            self.data.extend(text.as_bytes());
            self.data.push(0);
        }
        parts.push((0x2002, places.len(), start));
        places
    }

    fn id_tables(&self, app: &App, lists: &[usize], strings: &[usize], placed: &[Placed]) -> Vec<u8> {
        let tables = &self.tables;
        let mut ids = Vec::new();
        let word = |ids: &mut Vec<u8>, value: u32| ids.extend(value.to_le_bytes());
        let half = |ids: &mut Vec<u8>, value: u32| ids.extend(short(value).to_le_bytes());
        strings.iter().for_each(|at| word(&mut ids, u32_of(*at)));
        tables.kind_list.iter().for_each(|kind| word(&mut ids, tables.string(kind)));
        for proto in &tables.protos {
            let signature = PROTOS.get(*proto).copied().unwrap_or_default();
            word(&mut ids, tables.string(&shorty(&signature)));
            word(&mut ids, tables.kind(signature.0));
            word(&mut ids, u32_of(lists.get(*proto).copied().unwrap_or_default()));
        }
        for (class, name) in &tables.field_list {
            half(&mut ids, tables.kind(class));
            half(&mut ids, tables.kind(STRING));
            word(&mut ids, tables.string(name));
        }
        for (class, name, proto) in &tables.methods {
            half(&mut ids, tables.kind(class));
            half(&mut ids, u32_of(tables.proto_places.get(*proto).copied().unwrap_or_default()));
            word(&mut ids, tables.string(name));
        }
        for (class, placed) in app.classes.iter().zip(placed) {
            let source = tables.string(&class.source);
            let kind = tables.kind(&class.descriptor);
            let words = [kind, 1, tables.kind(OBJECT), 0, source, 0, placed.data, placed.values];
            words.into_iter().for_each(|value| word(&mut ids, value));
        }
        ids
    }

    fn head(&self, parts: &[Part], (base, map): (usize, usize), ids: &[u8]) -> Vec<u8> {
        let mut head = b"dex\n035\0".to_vec();
        head.resize(32, 0);
        let size = base + self.data.len();
        for word in [size, HEADER, 0x1234_5678, 0, 0, map] {
            head.extend(u32_of(word).to_le_bytes());
        }
        for (_, count, at) in parts.get(1..7).unwrap_or_default() {
            head.extend(u32_of(*count).to_le_bytes());
            head.extend(u32_of(*at).to_le_bytes());
        }
        head.extend(u32_of(self.data.len()).to_le_bytes());
        head.extend(u32_of(base).to_le_bytes());
        head.extend(ids);
        head
    }

    /// All tables have widths of four: the data begin aligned.
    fn align(&mut self) {
        self.data.resize(self.data.len().next_multiple_of(4), 0);
    }

    fn align_at(&mut self, base: usize) {
        debug_assert!(base.is_multiple_of(4), "tables have widths of four");
        self.align();
    }

    fn word(&mut self, value: usize) {
        self.data.extend(u32_of(value).to_le_bytes());
    }
}

/// With its checksum. The SHA-1 digest stays empty: nothing that reads files here asks for it.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let (mut one, mut two) = (1u32, 0u32);
    for chunk in bytes.get(12..).unwrap_or_default().chunks(5_000) {
        for byte in chunk {
            one += u32::from(*byte);
            two += one;
        }
        (one, two) = (one % 65_521, two % 65_521);
    }
    if let Some(place) = bytes.get_mut(8..12) {
        place.copy_from_slice(&(two << 16 | one).to_le_bytes());
    }
    bytes
}

/// Sorted numbers as differences, each with what follows it.
fn steps(out: &mut Vec<u8>, rows: impl Iterator<Item = (u32, Vec<u32>)>) {
    let mut last = 0;
    for (number, rest) in rows {
        uleb(out, number - last);
        rest.into_iter().for_each(|value| uleb(out, value));
        last = number;
    }
}

fn uleb(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.extend((value | 0x80).to_le_bytes().first());
        value >>= 7;
    }
    out.extend(value.to_le_bytes().first());
}

fn shorty((result, parameters): &(&str, &[&str])) -> String {
    let letter = |kind: &str| kind.chars().next().unwrap_or('V');
    std::iter::once(letter(result)).chain(parameters.iter().map(|kind| letter(kind))).collect()
}

fn dotted(descriptor: &str) -> String {
    descriptor.trim_start_matches('L').trim_end_matches(';').replace('/', ".")
}

fn title(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(chars).collect()
}

fn pick<'w>(words: &[&'w str], dice: &mut Dice) -> &'w str {
    pick_of(words, dice).copied().unwrap_or_default()
}

fn pick_of<'t, T>(list: &'t [T], dice: &mut Dice) -> Option<&'t T> {
    let place = dice.below(u64::try_from(list.len().max(1)).unwrap_or(1));
    list.get(usize::try_from(place).unwrap_or_default())
}

fn number_of(map: &HashMap<String, u32>, text: &str) -> u32 {
    map.get(text).copied().unwrap_or(u32::MAX)
}

fn u32_of(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn usize_of(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

fn short(value: u32) -> u16 {
    u16::try_from(value).unwrap_or(u16::MAX)
}

const HEADER: usize = 0x70;
/// Methods of a class.
const METHODS: usize = 10;
/// Callers of each method of the plan.
const CALLS: usize = 3;
const FRAMEWORK: u32 = 4_000;
const OBJECT: &str = "Ljava/lang/Object;";
const STRING: &str = "Ljava/lang/String;";
/// Places in [`PROTOS`].
const NOTHING: usize = 0;
const GETTER: usize = 1;
const PROTOS: &[(&str, &[&str])] = &[
    ("V", &[]),
    (STRING, &[]),
    ("V", &[STRING]),
    ("V", &[STRING, STRING]),
    ("Z", &[OBJECT]),
    ("I", &["I", STRING]),
    (OBJECT, &[STRING, OBJECT]),
    (STRING, &["I"]),
    ("V", &[OBJECT, "Z"]),
];
const VERBS: &[&str] = &[
    "add", "apply", "bind", "build", "call", "check", "close", "create", "decode", "dispatch", "draw",
    "encode", "find", "get", "handle", "init", "is", "load", "make", "measure", "on", "open", "parse",
    "post", "put", "read", "remove", "render", "reset", "run", "save", "send", "set", "start", "stop", "to",
    "update", "validate", "write", "zip",
];
const WORDS: &[&str] = &[
    "account",
    "adapter",
    "album",
    "analytics",
    "animation",
    "archive",
    "background",
    "badge",
    "banner",
    "billing",
    "bitmap",
    "bridge",
    "browser",
    "buffer",
    "bundle",
    "cache",
    "calendar",
    "camera",
    "canvas",
    "channel",
    "client",
    "cloud",
    "comment",
    "config",
    "consent",
    "contact",
    "content",
    "context",
    "cookie",
    "cursor",
    "database",
    "delegate",
    "device",
    "dialog",
    "disk",
    "document",
    "download",
    "drawable",
    "editor",
    "element",
    "emoji",
    "engine",
    "event",
    "factory",
    "feature",
    "field",
    "filter",
    "folder",
    "font",
    "footer",
    "fragment",
    "gallery",
    "gesture",
    "graph",
    "handler",
    "header",
    "helper",
    "history",
    "image",
    "index",
    "input",
    "intent",
    "item",
    "journal",
    "keyboard",
    "label",
    "layout",
    "library",
    "listener",
    "loader",
    "location",
    "manager",
    "marker",
    "media",
    "member",
    "menu",
    "message",
    "module",
    "monitor",
    "network",
    "node",
    "notice",
    "observer",
    "option",
    "order",
    "output",
    "package",
    "page",
    "panel",
    "parser",
    "payment",
    "photo",
    "picker",
    "player",
    "policy",
    "preview",
    "privacy",
    "profile",
    "promise",
    "property",
    "provider",
    "proxy",
    "purchase",
    "query",
    "queue",
    "reader",
    "receiver",
    "record",
    "region",
    "registry",
    "renderer",
    "request",
    "resource",
    "response",
    "result",
    "route",
    "sample",
    "scanner",
    "scheduler",
    "scope",
    "screen",
    "search",
    "sensor",
    "service",
    "session",
    "setting",
    "share",
    "signal",
    "source",
    "spinner",
    "state",
    "storage",
    "stream",
    "surface",
    "switch",
    "sync",
    "table",
    "target",
    "task",
    "template",
    "texture",
    "theme",
    "thread",
    "ticket",
    "timer",
    "token",
    "tracker",
    "transfer",
    "upload",
    "user",
    "value",
    "vector",
    "version",
    "video",
    "viewer",
    "widget",
    "window",
    "worker",
    "wrapper",
    "writer",
    "zone",
];
