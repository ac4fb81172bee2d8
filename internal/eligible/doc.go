// Package eligible evaluates the rules of a plan: short conditions in CEL (the Common Expression Language, cel.dev) that
// say who is in a segment, whether a placement speaks, and whether an item may be shown.
//
// It knows single rules only. Which rules hold for which item, and the [veiviser.ExclusionReason] of a removal, is
// decided by the caller: a false verdict is RULE_FALSE, an error of [Rule.Eval] RULE_FAILED, and a failed rule never
// fails a request.
//
//	visitor.count('purchase') > 0 && visitor.since('purchase') < duration('720h')
//	need.p('evaluate') > 0.5 && item.price < 30000.0 && visit.channel in ['web', 'app']
//	visit.attributes.get('weather') == 'rain' && item.topics.exists(t, t.startsWith('bike'))
//
// # Names
//
// Where there is no visitor, context, need or item, its names read as empty: "", 0, false, an empty list or map, and
// 1970 for a timestamp. Of a text a rule sees the first 512 bytes, of a list or map the first 64 entries.
//
//	visitor.known          bool                 something is known of her: she has a history of at least one event
//	visitor.visits         int                  visits so far, this one included
//	visitor.events         int                  events so far
//	visitor.value          double               sum of the values of her purchases
//	visitor.first_seen     timestamp            1970 when never
//	visitor.last_seen      timestamp            1970 when never
//	visitor.attributes     map(string, string)  facts about her that were sent with events
//	visitor.counts         map(string, int)     how often each event type happened; see visitor.count
//	visitor.linked         int                  other identities that are the same person
//	visitor.phase          string               prospect, waiting (for the first order to be delivered right) or customer
//	visitor.source         string               where she came from first: a class of referrer or a channel; until that is
//	                                            remembered what the request says of referrer and channel
//	visitor.rung           string               her rung of the loyalty ladder; "" below it
//	visitor.tier           string               her tier by the value of her purchases; "" below all
//	visitor.open_cases     int                  complaints, and orders late or wrong, that are not put right yet
//	visitor.account        string               the account she acts for, "" when none
//	visitor.role           string               her role there, "" when none is known
//
//	visit.start            timestamp            when this visit began
//	visit.events           int                  events in this visit
//	visit.depth            int                  the same, under the name that signals use
//	visit.channel          string               as the request says, else as the visit began; likewise the next six
//	visit.device           string
//	visit.language         string               primary language: "nb" for nb-NO, no and nn
//	visit.locale           string               the language tag as it was sent: "nb-NO"
//	visit.referrer         string
//	visit.page             string
//	visit.query            string
//	visit.subject          string               what the request is about; of the request alone, as are
//	visit.attributes       map(string, string)  its free facts (weather, customer class)
//
//	need.journey           string               the journey of the need that is being served
//	need.subject           string               what that decision is about: "bike/ebike"
//	need.stage             string               the journey's own stage, "" when unsure
//	need.standard          string               need, search, evaluate, purchase, use or advocate; "" when unsure
//	need.unsure            bool                 the stage is not sure enough to act upon; true when there is no need
//	need.new               bool                 nothing was observed about it yet
//	need.events            int                  events that spoke about it
//	need.started           timestamp
//	need.updated           timestamp
//	need.audience          string               customer, supplier, investor, press, neighbour, job_seeker
//	need.account           bool                 the need is that of the account she acts for
//
//	item.id                string
//	item.kind              string               content, offer or service
//	item.topics            list(string)
//	item.stages            list(string)         standard stages it serves
//	item.value             double               what it is worth when it works
//	item.cost              double               what serving it costs
//	item.boost             double
//	item.price             double               in units of item.currency; 0 when it has no price
//	item.currency          string               ISO 4217; "" when it has no price
//	item.stock             int                  1,000,000,000,000 when unlimited
//	item.claims            map(string, string)
//	item.attributes        map(string, string)
//
//	now                    timestamp            the time of the decision
//
// Rules never see the id of a visitor: a rule is about kinds of people.
//
// What can be one of a few words only is compared with one of these: a plan whose rule compares phase, rung, tier, source, role (when the
// plan declares roles), audience, journey, standard or kind with another word is refused, as one that counts an unknown event type.
//
// # Functions
//
//	visitor.count(type)    int                  how often that event type happened, 0 when never
//	visit.count(type)      int                  the same in this visit alone
//	visitor.since(type)    duration             how long ago it happened last, a hundred years when never
//	visitor.met(id)        int                  how often she met that item, or subject, lately
//	need.p(stage)          double               probability of a standard stage, or of the journey's own stage when the
//	                                            name is no standard one; 0 when it is neither
//	map.get(key)           string               for the maps of strings: the value of key, "" when it has none
//
// For a key that may be missing, use get, 'key' in map, or has(map.key): map.key and map['key'] fail when it is
// missing, and then the item is not eligible.
//
// Of CEL itself there are the operators; whole numbers and decimal ones compare with < <= > >= but otherwise do not
// mix; size, contains, startsWith, endsWith, matches (with a literal pattern); bool, int, double, string, timestamp and
// duration; getFullYear, getMonth (January is 0), getDayOfYear, getDayOfMonth, getDate, getDayOfWeek (Sunday is 0),
// getHours, getMinutes, getSeconds and getMilliseconds, in UTC or in a literal zone as in now.getHours('Europe/Oslo');
// and the macros has, all, exists, exists_one, filter and map. There are no types at run time, no bytes, no lists of
// lists, no joining of lists and no literal maps, whose order could differ from one evaluation to the next.
//
// # Bounds
//
// A rule that is accepted ends within 5 ms and 1 MB on any facts, and usually within a microsecond: cost limits alone do
// not give that in cel-go, so the grammar, the sizes of the facts and the cost are bounded together, see the constants.
// Evaluation does no input or output and has no clock but Facts.Now.
package eligible
