package veiviser

// AttributeAudience is the fact about a visitor by which the sender says what kind of person she is: an event with attribute
// "visitor.audience" is remembered as "audience". It is one of [AudienceIDs], or [LeaveAudience].
const AttributeAudience = "audience"

// LeaveAudience is what the attribute [AttributeAudience] says of who is of no audience any more that she was seen as.
const LeaveAudience = "-"

// BindsHer reports whether nothing is sold anywhere to whoever was seen as one of the audience.
func (a *Audience) BindsHer() bool { return a.NeverSell && a.Binds == BindsPerson }

// AudienceIDs are the audiences there are, customers first.
func AudienceIDs() []string {
	return []string{AudienceCustomer, "supplier", "investor", "press", "neighbour", "job_seeker"}
}
