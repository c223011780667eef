/** A body has an example, or several. */
export default (media) =>
  media && (media.example !== undefined || Object.keys(media.examples ?? {}).length > 0)
    ? []
    : [{ message: 'the body has no example' }];
