package veiviser

// AttributeAudience is the fact about a visitor by which the sender says what kind of person she is: an event with attribute
// "visitor.audience" is remembered as "audience". Only what [AudienceIDs] lists counts.
const AttributeAudience = "audience"

// AudienceIDs are the audiences there are, customers first.
func AudienceIDs() []string {
	return []string{AudienceCustomer, "supplier", "investor", "press", "neighbour", "job_seeker"}
}
